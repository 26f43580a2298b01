package bounce

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden is what a message of testdata/mail is expected to say.
type golden struct {
	Line
	Final  []bool   `json:"final,omitempty"`
	Notice string   `json:"notice_id,omitempty"`
	Tokens []string `json:"tokens,omitempty"`
}

func TestMessagesSayWhatTheirGoldenFilesSay(t *testing.T) {
	files, err := filepath.Glob("testdata/mail/*.eml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no messages to test with: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".eml")
		t.Run(name, func(t *testing.T) {
			report := parseFile(t, file)
			g := golden{Line: report.Line(name), Notice: report.NoticeID, Tokens: report.Tokens}
			for _, r := range report.Recipients {
				g.Final = append(g.Final, r.Final)
			}
			var out bytes.Buffer
			encoder := json.NewEncoder(&out)
			encoder.SetEscapeHTML(false)
			encoder.SetIndent("", " ")
			if err := encoder.Encode(g); err != nil {
				t.Fatal(err)
			}
			got := out.Bytes()
			path := filepath.Join("testdata", "golden", name+".json")
			if *update {
				if err := os.WriteFile(path, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}
