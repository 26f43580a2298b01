package pgdump

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// repeated gives a text many times.
type repeated struct {
	head, text, tail string
	times            int
}

func (r repeated) reader() (io.Reader, int64) {
	parts := []io.Reader{strings.NewReader(r.head)}
	for range r.times {
		parts = append(parts, strings.NewReader(r.text))
	}
	parts = append(parts, strings.NewReader(r.tail))
	return io.MultiReader(parts...), int64(len(r.head) + r.times*len(r.text) + len(r.tail))
}

const benchTable = "CREATE TABLE public.users (id bigint NOT NULL, email text, name text, password text, provider text, created timestamp with time zone, lang text);\n"

// thousand returns a thousand rows, each made of its number by format.
func thousand(format string) string {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func BenchmarkCopy(b *testing.B) {
	benchmark(b, repeated{
		head: benchTable + "COPY public.users (id, email, name, password, provider, created, lang) FROM stdin;\n",
		text: thousand("%[1]d\tuser%[1]d@example.org\tSome One\t$2b$12$C6UzMDM.H6dfI/f/IKcEe.7uZ8eQfY1t1f7cBqk1kq3Jt0yq0O7iS\t\\N\t2024-02-29 12:00:00+00\ten\n"),
		tail: "\\.\n", times: 200,
	})
}

func BenchmarkInsert(b *testing.B) {
	benchmark(b, repeated{
		head:  benchTable,
		text:  thousand("INSERT INTO public.users VALUES (%[1]d, 'user%[1]d@example.org', 'Some One', '$2b$12$C6UzMDM.H6dfI/f/IKcEe.7uZ8eQfY1t1f7cBqk1kq3Jt0yq0O7iS', NULL, '2024-02-29 12:00:00+00', 'en');\n"),
		times: 200,
	})
}

func benchmark(b *testing.B, in repeated) {
	b.ReportAllocs()
	for b.Loop() {
		src, size := in.reader()
		b.SetBytes(size)
		r := New(src, Options{Name: "x.sql", MaxRecord: 16 << 20})
		var err error
		rows := 0
		for ; err == nil; rows++ {
			_, err = r.Next()
		}
		if !errors.Is(err, io.EOF) || rows != in.times*1000+2 {
			b.Fatalf("%d rows and %v", rows, err)
		}
	}
}
