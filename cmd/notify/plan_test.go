package main

import (
	"bytes"
	"testing"
)

func TestTheExportIsReadInBytes(t *testing.T) {
	for _, c := range []struct {
		done, total int64
		want        string
	}{
		{0, 0, "notify: reading the export, 0.0 of 0.0 MB\n"},
		{25_000_000, 100_000_000, "notify: 25.0%, reading the export, 25.0 of 100.0 MB\n"},
		{100_000_000, 100_000_000, "notify: 100.0%, reading the export, 100.0 of 100.0 MB\n"},
		{1_550_000, 0, "notify: reading the export, 1.6 MB\n"},
		{7_000_000, 1_000_000, "notify: reading the export, 7.0 MB\n"},
	} {
		var out bytes.Buffer
		sayProgress(&out, exportReading(c.done, c.total))
		if out.String() != c.want {
			t.Errorf("%d of %d bytes: %q, want %q", c.done, c.total, out.String(), c.want)
		}
	}
}
