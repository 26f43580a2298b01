package jsonrows_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"breachnotify/pkg/export/jsonrows"
)

func BenchmarkRead(b *testing.B) {
	const count = 20_000
	var lines, list bytes.Buffer
	list.WriteByte('[')
	for i := range count {
		record := fmt.Sprintf(`{"user_id":"auth0|%024x","email":"someone.%d@example.com","email_verified":true,"name":"Some One %d","created_at":"2024-05-06T07:08:09.000Z","logins_count":%d,"identities":[{"provider":"auth0","connection":"Username-Password-Authentication","user_id":"%024x","isSocial":false}],"blocked":null}`,
			i, i, i, i%100, i)
		lines.WriteString(record + "\n")
		if i > 0 {
			list.WriteByte(',')
		}
		list.WriteString(record)
	}
	list.WriteByte(']')
	for name, file := range map[string][]byte{"ndjson": lines.Bytes(), "array": list.Bytes()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			for b.Loop() {
				r := jsonrows.New(bytes.NewReader(file), jsonrows.Options{Name: "a.json"})
				rows := 0
				for {
					_, err := r.Next()
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						b.Fatal(err)
					}
					rows++
				}
				if rows != count {
					b.Fatalf("%d rows, want %d", rows, count)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/row")
		})
	}
}
