package export

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkStage loads and selects the same rows in several formats.
func BenchmarkStage(b *testing.B) {
	const rows = 200_000
	for name, write := range map[string]func(i int) string{
		"CSV": func(i int) string {
			return fmt.Sprintf("%d,user%d@mail.example,User %d,$2b$12$C6UzMDM.H6dfI/f/IKcEe.,,en\n", i, i, i)
		},
		"NDJSON": func(i int) string {
			return fmt.Sprintf(`{"id":%d,"email":"user%d@mail.example","name":"User %d","password":"$2b$12$C6UzMDM.H6dfI/f/IKcEe.","sso":null,"locale":"en"}`+"\n", i, i, i)
		},
		"pg_dump": func(i int) string {
			return fmt.Sprintf("%d\tuser%d@mail.example\tUser %d\t$2b$12$C6UzMDM.H6dfI/f/IKcEe.\t\\N\ten\n", i, i, i)
		},
	} {
		var content strings.Builder
		switch name {
		case "CSV":
			content.WriteString("id,email,name,password,sso,locale\n")
		case "pg_dump":
			content.WriteString("SET standard_conforming_strings = on;\nCREATE TABLE users (id bigint, email text, name text, password text, sso text, locale text);\nCOPY users (id, email, name, password, sso, locale) FROM stdin;\n")
		}
		for i := range rows {
			content.WriteString(write(i))
		}
		if name == "pg_dump" {
			content.WriteString("\\.\n")
		}
		path := filepath.Join(b.TempDir(), "export")
		if err := os.WriteFile(path, []byte(content.String()), 0o600); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			var selecting time.Duration
			for b.Loop() {
				s, err := Open(b.Context(), Spec{Source: path, Where: "1"})
				if err != nil {
					b.Fatal(err)
				}
				var began time.Time
				for _, err := range s.Records(b.Context()) {
					if err != nil {
						b.Fatal(err)
					}
					if began.IsZero() {
						began = time.Now()
					}
				}
				selecting += time.Since(began)
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
			total := float64(rows) * float64(b.N)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/total, "ns/row")
			b.ReportMetric(float64(selecting.Nanoseconds())/total, "select-ns/row")
		})
	}
}
