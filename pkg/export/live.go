package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"breachnotify/pkg/account"
	"breachnotify/pkg/export/live"
	"breachnotify/pkg/export/presets"
	"breachnotify/pkg/export/rows"
)

var _ rowReader = (*live.Reader)(nil)

// liveSource is a database that runs, and the rows that are read of it.
type liveSource struct {
	*live.Source
	reader *live.Reader
	ctx    context.Context // of reader, which is read in several phases
	cancel context.CancelFunc
}

// begin lets ctx rule what is read from now on until stop is called.
func (l *liveSource) begin(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, l.cancel)
}

func (l *liveSource) close() error {
	l.cancel()
	if l.reader != nil {
		l.reader.Close()
	}
	return l.Source.Close()
}

// openLive connects to a database, and reads rows of it as far as it takes to know their
// columns. Without where and preset that is the first one; the others stream.
func (s *Selection) openLive(ctx context.Context, spec Spec, preset presets.Preset) error {
	source, err := live.Open(ctx, spec.Source, live.Options{MaxRecord: spec.maxRecord()})
	if err != nil {
		return err
	}
	l := &liveSource{Source: source}
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	query := spec.Query
	spec.Source, spec.Query = source.Name(), "" // from here on nobody needs the password
	defer l.begin(ctx)()
	if query != "" {
		l.reader = l.Source.Query(l.ctx, query)
	}
	if spec.Where == "" && preset.Name == "" {
		err = s.openLiveStream(ctx, spec, l, query)
	} else {
		err = s.openLiveDatabase(ctx, spec, preset, l, query)
	}
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("read the export: %w", ctx.Err())
		}
		return errors.Join(err, l.close())
	}
	return nil
}

func (s *Selection) openLiveStream(ctx context.Context, spec Spec, l *liveSource, query string) error {
	asked := liveQuestion{query: query}
	if query == "" {
		chosen, err := l.choose(ctx, spec)
		if err != nil {
			return err
		}
		asked.table = chosen.qualified()
		l.reader = l.Read(l.ctx, chosen.qualified())
	}
	first, err := l.reader.Next()
	if err != nil {
		return err
	}
	columns := names(first.Table.Columns)
	if query != "" {
		if err := checkResult(columns); err != nil {
			return fmt.Errorf("export.query: %w", err)
		}
	}
	stream := &liveStream{source: l, first: first, meter: s.meter, asked: asked}
	if s.columns, stream.at, err = spec.Columns.resolve(columns); err != nil {
		return fmt.Errorf("%s: %w", spec.Source, err)
	}
	stream.columns, s.from = s.columns, stream
	return nil
}

// choose finds the table of the Spec.
func (l *liveSource) choose(ctx context.Context, spec Spec) (*fileTable, error) {
	tables, err := l.tables(ctx)
	if err != nil {
		return nil, err
	}
	if err := spec.recognise(known(tables)...); err != nil {
		return nil, err
	}
	if spec.Table == "" {
		tables = slices.DeleteFunc(slices.Clone(tables), func(t *fileTable) bool { return t.partition })
	}
	chosen, err := chooseTable(spec.Source, tables, spec.Table)
	var several *severalTablesError
	if errors.As(err, &several) {
		return nil, several.advise()
	}
	return chosen, err
}

// tables returns all tables of the database.
func (l *liveSource) tables(ctx context.Context) ([]*fileTable, error) {
	all, err := l.Tables(ctx)
	if err != nil {
		return nil, err
	}
	var tables []*fileTable
	for i, t := range all {
		tables = append(tables, &fileTable{
			file: l.Name(), schema: t.Schema, name: t.Name, columns: t.Columns,
			first: i == 0, wanted: true, partition: t.Partition, rows: t.Rows,
		})
	}
	return tables, nil
}

// openLiveDatabase loads the tables that are needed, or the rows of the query, and lets go
// of the database.
func (s *Selection) openLiveDatabase(ctx context.Context, spec Spec, preset presets.Preset, l *liveSource, query string) error {
	p, err := openPrivate(ctx)
	if err != nil {
		return err
	}
	d := &database{private: p, spec: spec, meter: s.meter, preset: preset, ofLive: &liveQuestion{query: query}}
	addSource := func(ctx context.Context) error { return d.addLive(ctx, l) }
	if s.columns, err = d.open(ctx, addSource); err == nil {
		err = l.close()
	}
	if err != nil {
		return errors.Join(err, d.close())
	}
	s.from = d
	return nil
}

func (d *database) addLive(ctx context.Context, l *liveSource) error {
	chosen := ""
	if l.reader == nil {
		var err error
		if chosen, err = d.readNeeded(ctx, l); err != nil {
			return err
		}
	}
	f := newFeeder(l.reader, d.spec.Source, func(*fileTable) bool { return true })
	if err := d.load(ctx, f, l.begin); err != nil {
		return err
	}
	return d.addFed(ctx, f, chosen)
}

// readNeeded begins to read the tables that are needed, and returns the name of the one
// that is the export, if that is not left to a preset.
func (d *database) readNeeded(ctx context.Context, l *liveSource) (string, error) {
	tables, err := l.tables(ctx)
	if err != nil {
		return "", err
	}
	chosen := ""
	if d.preset.Name == "" {
		t, err := l.choose(ctx, d.spec)
		if err != nil {
			return "", err
		}
		chosen = t.qualified()
		d.ofLive.table = chosen
	}
	var needed []string
	for _, t := range tables {
		t.first = false
		if t.qualified() == chosen || d.needs(t) {
			needed = append(needed, t.qualified())
		} else {
			d.passed = append(d.passed, rows.Table{Schema: t.schema, Name: t.name})
		}
	}
	l.reader = l.Read(l.ctx, needed...)
	return chosen, nil
}

// liveStream hands on the rows of a database as they come.
type liveStream struct {
	source *liveSource
	first  rows.Row // without values: what else Next gave before Records
	at     places
	meter  *Meter

	asked   liveQuestion
	columns Columns
}

func (s *liveStream) records(ctx context.Context, yield func(account.Record, error) bool) {
	defer s.source.begin(ctx)()
	for row := s.first; ; {
		if row.Values != nil {
			s.meter.read.Add(1)
			rec, err := s.record(row)
			if !yield(rec, err) || err != nil {
				return
			}
		}
		var err error
		if row, err = s.source.reader.Next(); errors.Is(err, io.EOF) {
			return
		}
		if ctx.Err() != nil {
			err = fmt.Errorf("read the export: %w", ctx.Err())
		}
		if err != nil {
			yield(account.Record{}, err)
			return
		}
	}
}

func (s *liveStream) record(row rows.Row) (account.Record, error) {
	var values [fieldCount]string
	for field, i := range s.at {
		if i >= 0 && i < len(row.Values) {
			values[field] = asText(row.Values[i])
		}
	}
	if field := notText(&values); field >= 0 {
		return account.Record{}, s.asked.textError(s.place(row.At), field, s.columns)
	}
	return record(row.At, values), nil
}

// asText returns a value as SQLite's CAST gives it, so that a row is the same with where.
func asText(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case []byte:
		return string(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		text := strconv.FormatFloat(v, 'g', 15, 64)
		if !strings.ContainsAny(text, ".eIN") {
			text += ".0"
		}
		return text
	}
	return fmt.Sprint(value)
}

func (s *liveStream) place(line int64) string {
	return fmt.Sprintf("%s: row %d", s.source.Name(), line)
}

func (s *liveStream) close() error { return s.source.close() }
