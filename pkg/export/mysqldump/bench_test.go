package mysqldump

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// BenchmarkInsert reads one statement of many megabytes.
func BenchmarkInsert(b *testing.B) {
	const times = 200
	var thousand strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&thousand, ",\n(%[1]d,'user%[1]d@example.org','Some One','$2b$12$C6UzMDM.H6dfI/f/IKcEe.7uZ8eQfY1t1f7cBqk1kq3Jt0yq0O7iS',NULL,'2024-02-29 12:00:00','en')", i)
	}
	head := "CREATE TABLE `users` (`id` bigint NOT NULL, `email` text, `name` text, `password` text, `provider` text, `created` datetime, `lang` text);\n" +
		"INSERT INTO `users` VALUES (0,'','','','','','')"
	b.SetBytes(int64(len(head) + times*thousand.Len() + 2))
	b.ReportAllocs()
	for b.Loop() {
		parts := []io.Reader{strings.NewReader(head)}
		for range times {
			parts = append(parts, strings.NewReader(thousand.String()))
		}
		r := New(io.MultiReader(append(parts, strings.NewReader(";\n"))...), Options{Name: "x.sql", MaxRecord: 16 << 20})
		var err error
		rows := 0
		for ; err == nil; rows++ {
			_, err = r.Next()
		}
		if !errors.Is(err, io.EOF) || rows != times*1000+3 {
			b.Fatalf("%d rows and %v", rows, err)
		}
	}
}
