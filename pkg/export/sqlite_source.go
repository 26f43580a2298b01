package export

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// addSQLite adds a SQLite file as the source.
func (d *database) addSQLite(ctx context.Context, in *input) error {
	if err := d.attachInput(ctx, in, sourceSchema); err != nil {
		return err
	}
	d.unit = in.name + ": row"
	if d.preset.Name != "" {
		return d.addSQLiteCandidates(ctx, in)
	}
	chosen, err := d.choose(ctx, in.name, sourceSchema, d.spec.Table)
	var several *severalTablesError
	if errors.As(err, &several) {
		if d.spec.Query != "" {
			d.undecided = several.tables
			return nil
		}
		return cmp.Or(d.recogniseSQLite(ctx, in), several.advise())
	}
	if err == nil {
		err = d.recogniseSQLite(ctx, in)
	}
	if err != nil {
		return err
	}
	d.aliases = d.spec.Columns.aliases(chosen.columns)
	chosen.aliases = d.aliases
	chosen.size = in.attachedSize()
	d.meter.total.Add(chosen.size)
	d.files = append(d.files, chosen)
	d.tables = append(d.tables, table{exportTable, chosen.columns})
	d.export = &relation{
		table: chosen.table, from: "(" + chosen.numberedRows() + ")",
		columns: chosen.columns, order: chosen.order, file: chosen,
	}
	if chosen.numbered() {
		d.export.rowid = chosen.rowid
	}
	return d.exec(ctx, "CREATE TEMP VIEW "+exportTable+" AS "+chosen.rows())
}

// addSQLiteCandidates describes the tables and views of a SQLite source for a preset.
func (d *database) addSQLiteCandidates(ctx context.Context, in *input) error {
	tables, views, err := d.tablesOf(ctx, sourceSchema)
	if err != nil {
		return sqliteError(in.name, err)
	}
	for _, t := range d.described(ctx, sourceSchema, slices.Concat(tables, views)) {
		if t.Columns == nil {
			continue
		}
		file, err := d.choose(ctx, in.name, sourceSchema, t.Name)
		if err != nil {
			return err
		}
		file.size = in.attachedSize()
		d.candidates = append(d.candidates, candidate{Table: t, schema: sourceSchema, name: t.Name, file: file})
	}
	if len(tables) == 1 {
		d.preset.Export.Names = slices.Concat(d.preset.Export.Names, tables)
	}
	return nil
}

// recogniseSQLite is recognise for the tables of a SQLite source.
func (d *database) recogniseSQLite(ctx context.Context, in *input) error {
	if !d.spec.unguided() {
		return nil
	}
	tables, views, err := d.tablesOf(ctx, sourceSchema)
	if err != nil {
		return sqliteError(in.name, err)
	}
	return d.spec.recognise(d.described(ctx, sourceSchema, slices.Concat(tables, views))...)
}

// addView gives a table of a SQLite file the name that it has in the Spec.
func (d *database) addView(ctx context.Context, name string, in *input) error {
	schema := fmt.Sprintf("tables_%d", len(d.views)+1)
	if err := d.attachInput(ctx, in, schema); err != nil {
		return err
	}
	chosen, err := d.choose(ctx, in.name, schema, "")
	var several *severalTablesError
	if errors.As(err, &several) {
		chosen, err = d.choose(ctx, in.name, schema, name)
	}
	if err != nil {
		return err
	}
	d.files = append(d.files, chosen)
	d.views = append(d.views, view{name, tableAt{schema: schema}})
	d.tables = append(d.tables, table{name, chosen.columns})
	d.further = append(d.further, candidate{Table: chosen.asTable(name), schema: "temp", name: name})
	return d.exec(ctx, "CREATE TEMP VIEW "+quoteName(name)+" AS "+chosen.rows())
}
