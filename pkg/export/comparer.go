package export

import "slices"

// comparer finds what a clause compares of a further table with another one.
type comparer struct {
	*database
	further table
	known   map[string]string // names that tables have in the clause, in lower case
	found   []key
}

// comparisons returns what the clause compares of a further table with another one, by =
// and by IN (SELECT …). Comparisons that it cannot make out are left out, and where some
// are with the id or the address of the export, so are those with other columns, such as
// that of a tenant.
func (d *database) comparisons(further table, columns Columns) []key {
	r := orderReader{tokens: d.clause.tokens, isText: func(column) bool { return false }}
	r.list("")
	c := comparer{database: d, further: further, known: d.namesOfTables()}
	for _, s := range r.sets {
		if item, ok := c.item(s); ok {
			c.add(item, s.operand)
		}
	}
	for _, e := range r.equalities {
		c.add(e.left, e.right)
		c.add(e.right, e.left)
	}
	var people []key
	for _, k := range c.found {
		if k.from == quoteName(exportTable) && indexOf([]string{"id", "email", columns.ID, columns.Email}, k.column) >= 0 {
			people = append(people, k)
		}
	}
	if people != nil {
		return people
	}
	return c.found
}

// namesOfTables returns what the clause may call each table: its name, and the further ones
// that it gives it. One that is given to two tables is that of none.
func (d *database) namesOfTables() map[string]string {
	known := map[string]string{}
	for _, t := range d.tables {
		known[foldASCII(t.name)] = t.name
	}
	tokens := d.clause.tokens
	for i := 1; i+1 < len(tokens); i++ {
		name, isTable := known[foldASCII(tokens[i].text)]
		if !isTable || !slices.Contains([]string{"from", "join", ","}, tokens[i-1].text) {
			continue
		}
		next := tokens[i+1]
		if next.text == "as" && i+2 < len(tokens) {
			next = tokens[i+2]
		}
		alias := foldASCII(next.text)
		if next.kind == operatorToken || slices.Contains(notAliases, alias) {
			continue
		}
		if other, taken := known[alias]; taken && other != name {
			name = ""
		}
		known[alias] = name
	}
	return known
}

// notAliases are words that may stand behind a table.
var notAliases = []string{"where", "join", "inner", "left", "right", "full", "cross", "natural", "on", "using", "group", "order", "limit", "union", "except", "intersect"}

// item returns what a SELECT gives, if that is one value of the further table.
func (c *comparer) item(s set) (operand, bool) {
	tokens := c.clause.tokens
	begin := s.at + 1
	if begin < len(tokens) && tokens[begin].text == "distinct" {
		begin++
	}
	end, depth := begin, 0
	for ; end < len(tokens) && (depth > 0 || tokens[end].text != "from"); end++ {
		switch tokens[end].text {
		case "(":
			depth++
		case ")":
			depth--
		case ",", "as":
			if depth == 0 {
				return operand{}, false
			}
		}
	}
	if begin == end || end+1 >= len(tokens) || c.known[foldASCII(tokens[end+1].text)] != c.further.name {
		return operand{}, false
	}
	return operand{from: tokens[begin].from, to: tokens[end-1].to}, true
}

// add adds a comparison of an operand of the further table with one of another.
func (c *comparer) add(item, other operand) {
	itemText, itemColumn, itemTable := c.qualified(item)
	otherText, otherColumn, otherTable := c.qualified(other)
	if itemTable != c.further.name || otherTable == "" || otherTable == c.further.name {
		return
	}
	value := quoteName(itemTable) + "." + quoteName(itemColumn)
	c.found = append(c.found, key{value: value, item: itemText, other: otherText, column: otherColumn, from: quoteName(otherTable)})
}

// qualified returns an operand with the table before each of its columns, the last of
// these, and the table; empty: the operand is not that of one table.
func (c *comparer) qualified(o operand) (text, last, table string) {
	tokens := c.clause.tokens
	done := o.from
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		if t.from < o.from || t.to > o.to || !isColumn(tokens, i) {
			continue
		}
		name := column{name: t.text, outer: t.outer}
		end := i
		if i+2 < len(tokens) && tokens[i+1].text == "." {
			name.table, name.name = t.text, tokens[i+2].text
			end = i + 2
		}
		of := c.tableOf(name)
		if of == "" || table != "" && of != table {
			return "", "", ""
		}
		table, last = of, name.name
		text += c.clause.text[done:t.from] + quoteName(of) + "." + quoteName(name.name)
		done = tokens[end].to
		i = end
	}
	return text + c.clause.text[done:o.to], last, table
}

// isColumn reports whether a token may begin the name of a column.
func isColumn(tokens []token, i int) bool {
	t := tokens[i]
	switch {
	case t.kind == nameToken:
		return true
	case t.kind != wordToken, t.text[0] >= '0' && t.text[0] <= '9', slices.Contains([]string{"as", "collate", "null", "not"}, t.text):
		return false
	case i > 0 && (tokens[i-1].text == "as" || tokens[i-1].text == "collate"):
		return false
	}
	return i+1 == len(tokens) || tokens[i+1].text != "("
}

// tableOf returns the table of a column; empty: it cannot be told.
func (c *comparer) tableOf(name column) string {
	if name.table != "" {
		return c.known[foldASCII(name.table)]
	}
	isFurther := indexOf(c.further.columns, name.name) >= 0
	if isFurther && !name.outer {
		return c.further.name
	}
	mayBeExport := c.export != nil && (c.clause.key == "export.where" || c.clause.mentions(exportTable))
	if mayBeExport && indexOf(slices.Concat(c.export.columns, c.aliasNames()), name.name) >= 0 {
		return exportTable
	}
	if isFurther && c.clause.key == "export.query" {
		return c.further.name
	}
	return ""
}
