package presets_test

import (
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3"

	"breachnotify/pkg/export/jsonrows"
	"breachnotify/pkg/export/presets"
	"breachnotify/pkg/export/rows"
)

// source is an export in a database of its own, as SQL names its tables.
type source struct {
	conn   *sql.Conn
	tables []rows.Table
	names  []string // by table, quoted
}

func newSource(t testing.TB) *source {
	t.Helper()
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); db.Close() })
	s := &source{conn: conn}
	s.exec(t, "PRAGMA trusted_schema = OFF") // as export has it
	return s
}

func (s *source) exec(t testing.TB, statement string, args ...any) {
	t.Helper()
	if _, err := s.conn.ExecContext(context.Background(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// add stages a table without types, as its values are.
func (s *source) add(t testing.TB, table rows.Table, values [][]any) {
	t.Helper()
	name := fmt.Sprintf("staged_%d", len(s.tables))
	columns := quoted(table.Columns)
	s.exec(t, "CREATE TABLE "+name+" ("+strings.Join(columns, ", ")+")")
	insert := "INSERT INTO " + name + " VALUES (?" + strings.Repeat(", ?", len(columns)-1) + ")"
	for _, row := range values {
		s.exec(t, insert, append(row, make([]any, len(columns)-len(row))...)...)
	}
	s.tables, s.names = append(s.tables, table), append(s.names, name)
}

func quoted(columns []rows.Column) []string {
	var names []string
	for _, c := range columns {
		names = append(names, `"`+c.Name+`"`)
	}
	return names
}

// fromJSON reads a file as the reader of JSON does.
func fromJSON(t testing.TB, file io.Reader) *source {
	t.Helper()
	r := jsonrows.New(file, jsonrows.Options{Name: "a.json"})
	tables, values := map[string]*rows.Table{}, map[string][][]any{}
	var order []string
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		name := row.Table.Name
		if tables[name] == nil {
			order = append(order, name)
		}
		tables[name], values[name] = row.Table, append(values[name], slices.Clone(row.Values))
	}
	s := newSource(t)
	for _, name := range order {
		s.add(t, *tables[name], values[name])
	}
	return s
}

// fromSQL runs a script whose tables are in the schemas auth and public.
func fromSQL(t testing.TB, script string) *source {
	t.Helper()
	s := newSource(t)
	s.exec(t, "ATTACH ':memory:' AS auth")
	s.exec(t, "ATTACH ':memory:' AS public")
	s.exec(t, script)
	s.list(t)
	return s
}

func (s *source) list(t testing.TB) {
	t.Helper()
	found, err := s.conn.QueryContext(context.Background(),
		"SELECT l.schema, l.name, group_concat(i.name) FROM pragma_table_list AS l JOIN pragma_table_info(l.name, l.schema) AS i WHERE l.schema IN ('auth', 'public') AND l.name NOT LIKE 'sqlite%' GROUP BY 1, 2")
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	for found.Next() {
		var schema, name, columns string
		if err := found.Scan(&schema, &name, &columns); err != nil {
			t.Fatal(err)
		}
		table := rows.Table{Schema: schema, Name: name}
		for column := range strings.SplitSeq(columns, ",") {
			table.Columns = append(table.Columns, rows.Column{Name: column})
		}
		s.tables, s.names = append(s.tables, table), append(s.names, schema+"."+name)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
}

// record is what a preset says of an account.
type record struct{ id, email, name, password, sso, locale string }

// run returns the accounts that a preset finds in the source.
func (s *source) run(t testing.TB, p presets.Preset) []record {
	t.Helper()
	found, err := p.Find(s.tables)
	if err != nil {
		t.Fatal(err)
	}
	for i, table := range p.Tables {
		if at := found.Tables[i]; at >= 0 {
			s.exec(t, "CREATE TEMP VIEW "+table.As+" AS "+s.padded(table, at))
		} else {
			s.exec(t, "CREATE TEMP TABLE "+table.As+" ("+strings.Join(slices.Concat(table.Columns, table.Optional), ", ")+")")
		}
	}
	var fields []string
	for _, expression := range []string{p.Select.ID, p.Select.Email, p.Select.Name, p.Select.Password, p.Select.SSO, p.Select.Locale} {
		if expression == "" {
			expression = "NULL"
		}
		fields = append(fields, "ifnull(CAST(("+expression+") AS TEXT), '')")
	}
	return s.query(t, "SELECT "+strings.Join(fields, ", ")+" FROM ("+s.padded(p.Export, found.Export)+") AS export")
}

// padded is the table with NULL for the optional columns that it lacks.
func (s *source) padded(table presets.Table, at int) string {
	columns := "t.*"
	for _, name := range table.Optional {
		if !slices.ContainsFunc(s.tables[at].Columns, func(c rows.Column) bool { return strings.EqualFold(c.Name, name) }) {
			columns += `, NULL AS "` + name + `"`
		}
	}
	return "SELECT " + columns + " FROM " + s.names[at] + " AS t"
}

func (s *source) query(t testing.TB, statement string) []record {
	t.Helper()
	found, err := s.conn.QueryContext(context.Background(), statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer found.Close()
	var all []record
	for found.Next() {
		var r record
		if err := found.Scan(&r.id, &r.email, &r.name, &r.password, &r.sso, &r.locale); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	if err := found.Err(); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return all
}

func readCSV(t testing.TB, path string) [][]string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r := csv.NewReader(file)
	r.FieldsPerRecord = -1
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}
