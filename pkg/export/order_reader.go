package export

import "slices"

// orderReader reads expressions as far as the operands of comparisons by order. The
// brackets of its tokens are in pairs.
type orderReader struct {
	tokens  []token
	pos     int
	isText  func(column) bool
	renamed []string    // text that AS gave another name
	found   *comparison // the first of a text with a number

	equalities []equality
	sets       []set
}

// equality is one operand = another.
type equality struct{ left, right operand }

// set is an operand IN what begins with a token, behind its bracket.
type set struct {
	operand operand
	at      int
}

// comparison is where one stands in the clause, and the operand in it that is text.
type comparison struct {
	from, to int
	operand  operand
}

// operand is what an operator compares. It may be neither text nor a number.
type operand struct {
	from, to int  // where in the clause
	text     bool // a text column, or what a function leaves as text
	number   bool
}

// column is what may be the name of one.
type column struct {
	table string // what stands before the dot; empty: nothing does
	name  string
	outer bool // whether it is outside of every SELECT in the clause
}

// notOperands are words that may stand before an operand.
var notOperands = []string{"all", "and", "as", "between", "by", "case", "distinct", "else", "from", "having", "in", "is",
	"join", "limit", "not", "offset", "on", "or", "select", "then", "using", "values", "when", "where"}

// textFunctions give text where an argument of theirs is text.
var textFunctions = []string{"coalesce", "ifnull", "ltrim", "max", "min", "nullif", "replace", "rtrim", "substr", "substring", "trim"}

// signs stand before a value, and arithmetic between two. Both make it a number, but for
// the sign +, which does nothing.
var (
	signs      = []string{"+", "-", "~"}
	arithmetic = []string{"+", "-", "*", "/", "%", "&", "|", "<<", ">>"}
)

// list reads to the bracket that closes, or to the end. It returns the operand that
// stands there alone, and whether any is text. call is the function whose arguments they
// are, or empty.
func (r *orderReader) list(call string) (alone operand, anyText bool) {
	begin := r.pos
	var before operand // that of an = behind it
	for r.pos < len(r.tokens) && !r.is(")") {
		if !r.atOperand() {
			if !r.is("=", "==") {
				before = operand{}
			}
			r.pos++
			alone = operand{}
			continue
		}
		first := r.pos == begin
		o := r.compared()
		if before.to > 0 {
			r.equalities = append(r.equalities, equality{before, o})
		}
		before = o
		r.gatherSet(o)
		anyText = anyText || o.text
		if alone = (operand{}); first {
			alone = o
		}
		if o.text && call != "cast" && r.is("as") && r.atName(r.pos+1) {
			r.renamed = append(r.renamed, foldASCII(r.tokens[r.pos+1].text))
		}
	}
	return alone, anyText
}

// gatherSet keeps the operand before IN (SELECT.
func (r *orderReader) gatherSet(o operand) {
	at := r.pos
	if r.is("not") {
		at++
	}
	if at+2 < len(r.tokens) && r.tokens[at].text == "in" && r.tokens[at+1].text == "(" && r.tokens[at+2].text == "select" {
		r.sets = append(r.sets, set{o, at + 2})
	}
}

// compared reads an operand and what it is compared with by order. It returns the
// operand if there is no such comparison.
func (r *orderReader) compared() operand {
	left := r.operand()
	for {
		switch {
		case r.take("<", ">", "<=", ">="):
			right := r.operand()
			r.check(left, right, right.to)
			left = operand{from: left.from, to: right.to}
		case r.takeBetween():
			low := r.operand()
			high := low
			if r.take("and") {
				high = r.operand()
			}
			r.check(left, low, high.to)
			r.check(left, high, high.to)
			left = operand{from: left.from, to: high.to}
		default:
			return left
		}
	}
}

func (r *orderReader) takeBetween() bool {
	if r.is("not") && r.pos+1 < len(r.tokens) && r.tokens[r.pos+1].text == "between" {
		r.pos++
	}
	return r.take("between")
}

// check keeps the first comparison of a text with a number.
func (r *orderReader) check(left, right operand, to int) {
	if r.found != nil {
		return
	}
	switch {
	case left.text && right.number:
		r.found = &comparison{left.from, to, left}
	case left.number && right.text:
		r.found = &comparison{left.from, to, right}
	}
}

// operand reads values with the operators between them that bind more than comparisons.
func (r *orderReader) operand() operand {
	whole := operand{from: r.from()}
	for joined := false; ; joined = true {
		for r.is(signs...) {
			whole.number = whole.number || !r.is("+")
			r.pos++
		}
		o := r.value()
		whole.number = whole.number || o.number
		whole.text = o.text && !joined
		if r.is("collate") {
			r.pos = min(r.pos+2, len(r.tokens))
		}
		if r.is(arithmetic...) {
			whole.number = true
		} else if !r.is("||") {
			break
		}
		r.pos++
	}
	whole.text = whole.text && !whole.number
	if r.pos > 0 {
		whole.to = r.tokens[r.pos-1].to
	}
	return whole
}

// value reads a literal, a column, a call, or what is in brackets.
func (r *orderReader) value() operand {
	switch {
	case r.take("("):
		alone, _ := r.list("")
		r.take(")")
		return alone
	case r.atNumber():
		for r.is(".") || r.atDigit() {
			r.pos++
		}
		return operand{number: true}
	case r.pos == len(r.tokens) || r.tokens[r.pos].kind == operatorToken:
		return operand{}
	case r.tokens[r.pos].kind == textToken:
		r.pos++
		return operand{}
	}
	return r.named()
}

// named reads a column or a call.
func (r *orderReader) named() operand {
	c := column{name: r.tokens[r.pos].text, outer: r.tokens[r.pos].outer}
	r.pos++
	for r.is(".") && r.atName(r.pos+1) {
		c.table, c.name = c.name, r.tokens[r.pos+1].text
		r.pos += 2
	}
	if r.take("(") {
		function := foldASCII(c.name)
		_, anyText := r.list(function)
		r.take(")")
		return operand{text: anyText && slices.Contains(textFunctions, function)}
	}
	return operand{text: r.isText(c) || slices.Contains(r.renamed, foldASCII(c.name))}
}

// is reports whether the next token is one of these operators or words.
func (r *orderReader) is(texts ...string) bool {
	if r.pos >= len(r.tokens) {
		return false
	}
	next := r.tokens[r.pos]
	return next.kind <= wordToken && slices.Contains(texts, next.text)
}

// take passes over the next token if it is one of these.
func (r *orderReader) take(texts ...string) bool {
	taken := r.is(texts...)
	if taken {
		r.pos++
	}
	return taken
}

// atName reports whether token i is a name, or the * of all columns.
func (r *orderReader) atName(i int) bool {
	return i < len(r.tokens) && (r.tokens[i].kind != operatorToken || r.tokens[i].text == "*")
}

// atOperand reports whether an operand begins here.
func (r *orderReader) atOperand() bool {
	if r.tokens[r.pos].kind == operatorToken {
		return r.is("(") || r.is(signs...) || r.atNumber()
	}
	return !r.is(notOperands...)
}

// atNumber reports whether a number begins here: 7, or the dot of .7.
func (r *orderReader) atNumber() bool {
	if !r.is(".") {
		return r.atDigit()
	}
	r.pos++
	defer func() { r.pos-- }()
	return r.atDigit()
}

// atDigit reports whether the next token is a word that begins with a digit.
func (r *orderReader) atDigit() bool {
	if r.pos >= len(r.tokens) || r.tokens[r.pos].kind != wordToken {
		return false
	}
	first := r.tokens[r.pos].text[0]
	return first >= '0' && first <= '9'
}

// from returns where the next token begins.
func (r *orderReader) from() int {
	if r.pos >= len(r.tokens) {
		return 0
	}
	return r.tokens[r.pos].from
}
