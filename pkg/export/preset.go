package export

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"breachnotify/pkg/export/presets"
	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/hint"
)

// candidate is a table that a preset may use.
type candidate struct {
	rows.Table
	schema string    // in which SQL finds it
	name   string    // under which
	file   *attached // of a SQLite file
	texts  []string  // the columns that are text, of another file
	read   int64     // rows that were loaded
	shift  int       // of the line in the rowid
}

// asCandidate makes a candidate of a table of the private database.
func asCandidate(t rows.Table, name string, texts []string) candidate {
	return candidate{Table: t, schema: "main", name: name, texts: texts}
}

// from returns the table as SQL names it.
func (c candidate) from() string { return quoteName(c.schema) + "." + quoteName(c.name) }

// presetTable is the name under which the rows of an export without a name lie, where a
// preset makes the table export of them.
const presetTable = "export rows"

// isPresetTable reports whether a table of the source is one that the preset uses, or,
// where nothing is said about the export at all, one by which a preset is recognised.
func (d *database) isPresetTable(t *fileTable) bool {
	used := []presets.Preset{d.preset}
	if d.preset.Name == "" {
		if !d.spec.unguided() || d.spec.Table != "" {
			return false
		}
		used = presets.All()
	}
	return slices.ContainsFunc(used, func(p presets.Preset) bool { return uses(p, t) })
}

// uses reports whether a table has one of the names that a preset looks for.
func uses(p presets.Preset, t *fileTable) bool {
	return slices.ContainsFunc(slices.Concat(p.Tables, []presets.Table{p.Export}), func(table presets.Table) bool {
		return slices.ContainsFunc(table.Names, t.is)
	})
}

// unguided reports whether the columns of the export are left to their default names.
func (s Spec) unguided() bool { return s.Preset == "" && s.Query == "" && s.Columns == Columns{} }

// recognise returns an error where the tables of a source, or the one that the Spec
// chooses, are those of a preset and the Spec says nothing about columns: their default
// names would miss its signs.
func (s Spec) recognise(tables ...rows.Table) error {
	if !s.unguided() {
		return nil
	}
	if s.Table != "" {
		tables = slices.DeleteFunc(slices.Clone(tables), func(t rows.Table) bool {
			return !(&fileTable{schema: t.Schema, name: t.Name}).is(s.Table)
		})
	}
	name, ok := presets.Recognise(tables)
	also := ""
	if !ok && len(tables) == 1 { // which may have a name of the operator's own
		name, ok = presets.Recognise([]rows.Table{{Columns: tables[0].Columns}})
		if own := (&fileTable{schema: tables[0].Schema, name: tables[0].Name}).qualified(); s.Table == "" && own != "" {
			also = " and export.table: " + own
		}
	}
	if !ok {
		return nil
	}
	preset, err := presets.Get(name)
	if err != nil {
		return err
	}
	return hint.Wrap(fmt.Errorf("%s: this looks like %s", s.Source, preset.Title),
		"set export.preset: %s%s, or export.columns if it is something else", name, also)
}

// openPreset finds the preset of the Spec, if it has one.
func (s Spec) openPreset() (presets.Preset, error) {
	if s.Preset == "" {
		return presets.Preset{}, nil
	}
	p, err := presets.Get(s.Preset)
	if err != nil {
		return presets.Preset{}, fmt.Errorf("export.preset: %w", err)
	}
	if s.Table != "" {
		p.Export.Names = []string{s.Table}
	}
	return p, nil
}

// usePreset makes the export, and the further tables that the preset knows, out of the
// tables of the source and the further files.
func (d *database) usePreset(ctx context.Context) error {
	var tables []rows.Table
	all := slices.Clone(d.candidates)
	for _, c := range d.further {
		if !slices.ContainsFunc(d.preset.Export.Names, func(name string) bool { return foldASCII(name) == foldASCII(c.Name) }) {
			all = append(all, c)
		}
	}
	for _, c := range all {
		tables = append(tables, c.Table)
	}
	tables = append(tables, d.passed...) // which have no columns, so that no preset takes them
	found, err := d.preset.Find(tables)
	if err != nil {
		return fmt.Errorf("%s: %w", d.spec.Source, err)
	}
	if found.Export >= len(d.candidates) {
		return fmt.Errorf("%s: preset %s: its accounts are in the file of export.tables, not in the source", d.spec.Source, d.preset.Name)
	}
	for i, t := range d.preset.Tables {
		if err := d.addPresetTable(ctx, t, all, found.Tables[i]); err != nil {
			return err
		}
	}
	return d.addPresetExport(ctx, all[found.Export])
}

// addPresetTable lets SQL know a further table by the name that the preset has for it,
// with all of its columns. at is its place, or -1: it is empty.
func (d *database) addPresetTable(ctx context.Context, t presets.Table, all []candidate, at int) error {
	if at < 0 {
		return d.exec(ctx, "CREATE TEMP TABLE "+quoteName(t.As)+" ("+quoteNames(slices.Concat(t.Columns, t.Optional))+")")
	}
	of := all[at]
	d.views = append(d.views, view{t.As, tableAt{of.schema, foldASCII(of.name)}})
	if of.schema == "temp" && foldASCII(of.name) == t.As {
		return nil
	}
	return d.exec(ctx, "CREATE TEMP VIEW "+quoteName(t.As)+" AS SELECT t.*"+padding(of.Table, t)+" FROM "+of.from()+" AS t")
}

// padding gives the optional columns that a table lacks as NULL, each behind a comma.
func padding(have rows.Table, t presets.Table) string {
	var list strings.Builder
	for _, name := range t.Optional {
		if indexOf(names(have.Columns), name) < 0 {
			list.WriteString(", NULL AS " + quoteName(name))
		}
	}
	return list.String()
}

func quoteNames(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = quoteName(name)
	}
	return strings.Join(quoted, ", ")
}

// addPresetExport makes the table export of the rows of the base table: its columns, and
// the fields of a record under their names where it has none of such a name itself.
func (d *database) addPresetExport(ctx context.Context, base candidate) error {
	columns := names(base.Columns)
	rowsOf, numbered := d.baseRows(base, columns)
	list := quoteQualified(columns)
	fields := d.presetFields()
	var canonical, empty, private strings.Builder
	for i, name := range fieldNames {
		if fields[i] == "" {
			continue
		}
		fmt.Fprintf(&private, ", CAST((%s) AS TEXT) AS %s", fields[i], quoteName(presetField(i)))
		if indexOf(columns, name) >= 0 {
			continue
		}
		d.aliases = append(d.aliases, alias{name: name})
		d.texts = append(d.texts, table{exportTable, []string{name}})
		fmt.Fprintf(&canonical, ", CAST((%s) AS TEXT) AS %s", fields[i], name)
		fmt.Fprintf(&empty, ", CAST(NULL AS TEXT) AS %s", name)
	}
	padded := func(rows string) string {
		return " FROM (SELECT export.*" + padding(base.Table, d.preset.Export) + " FROM (" + rows + ") AS export) AS export"
	}
	rowid := ""
	if d.export.rowid != "" {
		rowid = "export." + d.export.rowid + " AS " + d.export.rowid + ", "
	}
	d.export.from = "(SELECT " + rowid + list + canonical.String() + private.String() + padded(numbered) + ")"
	d.export.shape = "(SELECT " + rowid + list + empty.String() + padded(numbered) + ")"
	d.tables = append(d.tables, table{exportTable, columns})
	d.texts = append(d.texts, table{exportTable, base.texts})
	return d.exec(ctx, "CREATE TEMP VIEW "+exportTable+" AS SELECT "+list+canonical.String()+padded(rowsOf))
}

// baseRows sets the export to the base table and returns the SQL that gives its rows, bare
// and with their numbers.
func (d *database) baseRows(base candidate, columns []string) (rowsOf, numbered string) {
	if file := base.file; file != nil {
		d.files = append(d.files, file)
		d.meter.total.Add(file.size)
		d.export = &relation{table: file.table, columns: columns, order: file.order, file: file}
		if file.numbered() {
			d.export.rowid = file.rowid
		}
		return file.rows(), file.numberedRows()
	}
	rowid := rowidOf(columns)
	d.meter.read.Store(base.read)
	d.counted = true
	d.export = &relation{
		table: base.name, columns: columns,
		rowid: rowid, shift: base.shift, order: exportTable + "." + rowid,
	}
	list := quoteNames(columns) + " FROM " + base.from()
	return "SELECT " + list, "SELECT " + rowid + ", " + list
}

func quoteQualified(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = exportTable + "." + quoteName(name)
	}
	return strings.Join(quoted, ", ")
}

// presetFields returns the expressions of the preset in the order of fieldNames.
func (d *database) presetFields() [fieldCount]string {
	s := d.preset.Select
	return [...]string{s.ID, s.Email, s.Name, s.Password, s.SSO, s.Locale}
}

// presetField is the name of a field in the rows of a preset, which no column has.
func presetField(i int) string { return "preset's " + fieldNames[i] }

// presetColumns returns the columns that are read of the rows of a preset.
func (d *database) presetColumns() (columns Columns, existing []string, at places) {
	for i, expression := range d.presetFields() {
		existing = append(existing, presetField(i))
		if at[i] = -1; expression != "" {
			at[i] = i
			*columns.fields()[i] = fieldNames[i]
		}
	}
	return columns, existing, at
}
