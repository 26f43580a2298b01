package export

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"breachnotify/pkg/export/jsonrows"
	"breachnotify/pkg/export/mysqldump"
	"breachnotify/pkg/export/pgdump"
	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/hint"
)

var (
	_ rowReader = (*jsonrows.Reader)(nil)
	_ rowReader = (*pgdump.Reader)(nil)
	_ rowReader = (*mysqldump.Reader)(nil)
)

// dumpShift leaves room for 16 million rows on one line of a dump.
const dumpShift = 24

// feed returns the feeder of a JSON file or a dump. want is asked about its tables.
func (d *database) feed(in *input, want func(*fileTable) bool) *feeder {
	f := newFeeder(nil, in.name, want)
	most := d.spec.maxRecord()
	switch in.format {
	case postgresDump:
		f.shift = dumpShift
		f.src = pgdump.New(in, pgdump.Options{Name: in.name, MaxRecord: most, Want: f.wants})
	case mysqlDump:
		f.shift = dumpShift
		f.src = mysqldump.New(in, mysqldump.Options{Name: in.name, MaxRecord: most, Want: f.wants})
	default:
		f.src = jsonrows.New(in, jsonrows.Options{Name: in.name, MaxRecord: most})
	}
	return f
}

// addRows loads the tables of the source that are needed.
func (d *database) addRows(ctx context.Context, in *input) error {
	f := d.feed(in, d.needs)
	f.counts = d.spec.Table == "" && d.spec.Query == "" && d.preset.Name == "" // one table, or an error that lists them
	if err := d.load(ctx, f, in.begin); err != nil {
		return err
	}
	return d.addFed(ctx, f, d.spec.Table)
}

// addFed makes the export of the tables that were loaded of the source. table is that of
// the Spec.
func (d *database) addFed(ctx context.Context, f *feeder, table string) error {
	d.unit = f.name + ": " + f.src.Unit()
	d.inFile = qualifiedNames(f.tables)
	if d.preset.Name != "" {
		return d.addCandidates(ctx, f)
	}
	if err := d.spec.recognise(known(f.tables)...); err != nil {
		return err
	}
	chosen, err := chooseTable(f.name, f.tables, table)
	var several *severalTablesError
	switch {
	case errors.As(err, &several) && d.spec.Query != "":
		d.undecided = several.tables
	case errors.As(err, &several):
		return several.advise()
	case err != nil:
		return err
	}
	for _, t := range f.tables {
		if t.staged != "" && t != chosen {
			if err := d.addLoaded(ctx, t, sqlName(t, f.tables)); err != nil {
				return err
			}
		}
	}
	switch {
	case chosen == nil || !chosen.wanted:
		return nil
	case chosen.staged == "":
		return errNoColumns(f.name, chosen)
	}
	return d.addChosen(ctx, chosen, f)
}

func errNoColumns(path string, t *fileTable) error {
	return hint.Wrap(fmt.Errorf("%s: %s has no columns and no rows", path, t.title()), "write the export again, and see that it holds the accounts")
}

// needs reports whether a table of the source is the export, or is named in the clause.
func (d *database) needs(t *fileTable) bool {
	switch {
	case d.isPresetTable(t), t.name != "" && (d.clause.mentions(t.name) || d.clause.mentions(t.qualified())):
		return true
	case d.spec.Table != "":
		return t.is(d.spec.Table)
	case d.spec.Query != "":
		return t.first && d.clause.mentions(exportTable)
	}
	return t.first && d.preset.Name == ""
}

// known returns the tables whose columns are known.
func known(tables []*fileTable) []rows.Table {
	var all []rows.Table
	for _, t := range tables {
		if t.wanted {
			all = append(all, t.table())
		}
	}
	return all
}

// addCandidates names the loaded tables for a preset.
func (d *database) addCandidates(ctx context.Context, f *feeder) error {
	for _, t := range f.tables {
		if t.staged == "" {
			d.passed = append(d.passed, rows.Table{Schema: t.schema, Name: t.name})
			continue
		}
		name := cmp.Or(sqlName(t, f.tables), presetTable)
		if err := d.addLoaded(ctx, t, name); err != nil {
			return err
		}
		c := asCandidate(t.table(), name, t.texts())
		c.read, c.shift = t.rows, f.shift
		d.candidates = append(d.candidates, c)
	}
	return nil
}

// addLoaded lets SQL know a loaded table by a name.
func (d *database) addLoaded(ctx context.Context, t *fileTable, name string) error {
	if err := d.settle(ctx, t, name); err != nil {
		return fmt.Errorf("%s: %s: %w", t.file, t.title(), err)
	}
	d.addKnown(name, names(t.columns), t.texts())
	return nil
}

// addChosen makes a loaded table the export. It keeps its own name beside that.
func (d *database) addChosen(ctx context.Context, t *fileTable, f *feeder) error {
	if rowidOf(names(t.columns)) == "" {
		return fmt.Errorf("%s: %s: %w", f.name, t.title(), errNoRowid())
	}
	if err := d.addLoaded(ctx, t, exportTable); err != nil {
		return err
	}
	d.meter.read.Store(t.rows)
	d.counted = true
	d.setExport(names(t.columns), f.shift)
	if own := sqlName(t, f.tables); own != "" && foldASCII(own) != exportTable {
		view := "CREATE TEMP VIEW " + quoteName(own) + " AS SELECT " + strings.TrimPrefix(columnList(t.columns), ", ") + " FROM main." + exportTable
		if err := d.exec(ctx, view); err != nil {
			return fmt.Errorf("%s: %s: %w", t.file, t.title(), err)
		}
		d.addKnown(own, names(t.columns), t.texts())
	}
	return d.aliasExport(ctx, t.texts())
}

// addTableRows loads a further file: its table of that name, or else its only one.
func (d *database) addTableRows(ctx context.Context, name string, in *input) error {
	f := d.feed(in, func(t *fileTable) bool { return t.first || t.is(name) })
	if err := d.load(ctx, f, in.begin); err != nil {
		return err
	}
	chosen, err := chooseTable(in.name, f.tables, "")
	var several *severalTablesError
	if errors.As(err, &several) {
		chosen, err = chooseTable(in.name, f.tables, name)
	}
	if err != nil {
		return err
	}
	if chosen.staged == "" {
		return errNoColumns(in.name, chosen)
	}
	further := asCandidate(rows.Table{Name: name, Columns: chosen.columns}, name, chosen.texts())
	d.further = append(d.further, further)
	return d.addLoaded(ctx, chosen, name)
}
