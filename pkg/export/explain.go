package export

import (
	"context"
	"errors"
	"slices"
	"strings"

	"breachnotify/pkg/hint"
)

// explain adds the columns that SQL may use to an error about the clause: those of the
// export and of the further files, and those of the tables beside the export that the
// clause seems to name.
func (d *database) explain(ctx context.Context, err error) error {
	beside, failed := d.beside(ctx)
	for _, table := range slices.Concat(d.tables, beside) {
		columns := list(table.columns)
		if table.name == exportTable && d.aliases != nil {
			columns += ", and by another name " + list(d.aliasNames())
		}
		err = hint.Wrap(err, "the columns of %s are: %s", table.name, columns)
	}
	if d.undecided != nil {
		err = hint.Wrap(err, "there are the tables %s; export.table says which of them is export", list(d.undecided))
	} else if len(d.inFile) > 1 {
		err = hint.Wrap(err, `%s has the tables %s; a table of a schema goes by its bare name, or as "schema.table" where two have the same`,
			d.spec.Source, list(d.inFile))
	}
	return errors.Join(err, failed)
}

// beside returns the tables and views of a SQLite source, but for the export itself,
// whose names are in the clause. Those of others may be many.
func (d *database) beside(ctx context.Context) ([]table, error) {
	tables, views, err := d.tablesOf(ctx, sourceSchema)
	if err != nil {
		return nil, err
	}
	var named []table
	for _, name := range slices.Concat(tables, views) {
		chosen := d.export != nil && name == d.export.table
		if chosen || !strings.Contains(foldASCII(d.clause.text), foldASCII(name)) {
			continue
		}
		columns, err := d.columnsOf(ctx, sourceSchema, name)
		if err != nil {
			return nil, err
		}
		named = append(named, table{name, columns})
	}
	return named, nil
}
