package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
)

// logHandler writes records as the rest of stderr is written: one line, with
// "notify: " first. What it is given holds no address, name or secret.
type logHandler struct {
	mu    sync.Mutex
	out   io.Writer
	level slog.Level
	attrs []slog.Attr
}

var _ slog.Handler = (*logHandler)(nil)

// Enabled reports whether level is shown.
func (h *logHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

// Handle writes one line.
func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	var line strings.Builder
	fmt.Fprintf(&line, "notify: %s", r.Message)
	add := func(a slog.Attr) bool {
		if v := a.Value.Resolve(); v.Any() != nil && v.String() != "" { // what is not there is not worth a word
			fmt.Fprintf(&line, " %s=%v", a.Key, v)
		}
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	line.WriteByte('\n')
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := io.WriteString(h.out, line.String())
	return err
}

// WithAttrs returns a handler that adds attrs to each line.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &logHandler{out: h.out, level: h.level, attrs: append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

// WithGroup returns h: lines are flat.
func (h *logHandler) WithGroup(string) slog.Handler { return h }
