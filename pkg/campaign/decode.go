package campaign

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"breachnotify/pkg/hint"
)

// decoder fills a Config from a parsed document and notes where each key stands.
// It goes by the text of each value and the type that it is for, so that a date, a
// version or a value from the environment is never read as something else. It goes
// on after a mistake, to report all of them at once.
type decoder struct {
	source *source
	env    func(string) (string, bool)
	errs   []error
}

func (d *decoder) fail(key, problem string) {
	d.errs = append(d.errs, d.source.problem(key, problem))
}

// note remembers where a key stands: at its value, or at the key itself where the
// value is nothing or begins on lines below.
func (d *decoder) note(key string, pair *ast.MappingValueNode) {
	at, value := placeOf(pair.Key.GetToken()), placeOf(pair.Value.GetToken())
	if _, none := pair.Value.(*ast.NullNode); !none && at.line == value.line {
		at = value
	}
	d.source.places[key] = at
}

// value stores what node says into dst. An empty value leaves dst as it is.
func (d *decoder) value(key string, node ast.Node, dst reflect.Value) {
	if _, none := node.(*ast.NullNode); none {
		return
	}
	if _, ok := dst.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.scalar(key, node, dst)
		return
	}
	switch dst.Kind() {
	case reflect.Pointer:
		dst.Set(reflect.New(dst.Type().Elem()))
		d.value(key, node, dst.Elem())
	case reflect.Struct:
		d.section(key, node, dst)
	case reflect.Map:
		d.table(key, node, dst)
	case reflect.Slice:
		d.list(key, node, dst)
	default:
		d.scalar(key, node, dst)
	}
}

// addFields gathers the fields of a struct that have a key, those of embedded structs
// among them.
func addFields(fields map[string]reflect.Value, dst reflect.Value) {
	for field, value := range dst.Fields() {
		if name, ok := field.Tag.Lookup("yaml"); ok {
			fields[name] = value
		} else if field.Anonymous {
			addFields(fields, value)
		}
	}
}

// section stores a mapping into a struct, whose tags are the keys that there are.
func (d *decoder) section(key string, node ast.Node, dst reflect.Value) {
	fields := map[string]reflect.Value{}
	addFields(fields, dst)
	d.pairs(key, node, func(name string, pair *ast.MappingValueNode) {
		if field, ok := fields[name]; ok {
			d.note(join(key, name), pair)
			d.value(join(key, name), pair.Value, field)
			return
		}
		d.unknown(join(key, name), name, pair.Key, fields)
	})
}

// table stores a mapping with free keys into a map, over what it holds already.
func (d *decoder) table(key string, node ast.Node, dst reflect.Value) {
	if dst.IsNil() {
		dst.Set(reflect.MakeMap(dst.Type()))
	}
	d.pairs(key, node, func(name string, pair *ast.MappingValueNode) {
		value := reflect.New(dst.Type().Elem()).Elem()
		d.note(join(key, name), pair)
		d.value(join(key, name), pair.Value, value)
		dst.SetMapIndex(reflect.ValueOf(name), value)
	})
}

// pairs calls each with every key of a mapping. A key that comes twice in another
// spelling, such as with quotes, is caught here; the parser catches the others.
func (d *decoder) pairs(key string, node ast.Node, each func(string, *ast.MappingValueNode)) {
	mapping, ok := node.(*ast.MappingNode)
	if !ok {
		d.fail(key, "want keys with values below it")
		return
	}
	seen := map[string]bool{}
	for _, pair := range mapping.Values {
		name := pair.Key.GetToken().Value
		if seen[name] {
			d.errs = append(d.errs, d.source.problemAt(placeOf(pair.Key.GetToken()), join(key, name), "the key comes twice"))
			continue
		}
		seen[name] = true
		each(name, pair)
	}
}

func (d *decoder) list(key string, node ast.Node, dst reflect.Value) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		d.fail(key, "want a list, such as [example.com, example.org]")
		return
	}
	items := reflect.MakeSlice(dst.Type(), len(sequence.Values), len(sequence.Values))
	for i, item := range sequence.Values {
		name := fmt.Sprintf("%s[%d]", key, i)
		d.source.places[name] = placeOf(item.GetToken())
		d.value(name, item, items.Index(i))
	}
	dst.Set(items)
}

// scalar stores one value. Text takes numbers and dates as they are written; a
// number or a yes and no takes nothing in quotes, unless it is from the
// environment.
func (d *decoder) scalar(key string, node ast.Node, dst reflect.Value) {
	text, plain, ok := scalarText(node)
	if !ok {
		d.fail(key, "want one value, not a list or keys")
		return
	}
	expanded, err := expand(text, d.env)
	if err != nil {
		d.errs = append(d.errs, hint.Wrap(d.source.problem(key, err.Error()),
			"set the variable, or write $${ for a literal ${"))
		return
	}
	if problem := store(expanded, plain || expanded != text, node.Type(), dst); problem != "" {
		d.fail(key, problem)
	}
}

// store returns what is wrong with a text as a value for dst, or nothing.
func store(text string, bare bool, kind ast.NodeType, dst reflect.Value) string {
	if typed, ok := dst.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := typed.UnmarshalText([]byte(text)); err != nil {
			return err.Error()
		}
		return ""
	}
	switch dst.Kind() {
	case reflect.Int:
		number, err := strconv.Atoi(text)
		if err != nil || !bare {
			return "want a whole number"
		}
		dst.SetInt(int64(number))
	case reflect.Bool:
		if !bare || text != "true" && text != "false" {
			return "want true or false"
		}
		dst.SetBool(text == "true")
	default:
		if kind == ast.BoolType || kind == ast.InfinityType || kind == ast.NanType {
			return "want text: put it in quotes"
		}
		dst.SetString(text)
	}
	return ""
}

// scalarText returns the text of a scalar, and whether it stands there without
// quotes and on its own.
func scalarText(node ast.Node) (text string, plain, ok bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, n.Token.Type == token.StringType, true
	case *ast.LiteralNode:
		return n.Value.Value, false, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true, true
	}
	return "", false, false
}

func (d *decoder) unknown(key, name string, node ast.Node, fields map[string]reflect.Value) {
	err := d.source.problemAt(placeOf(node.GetToken()), key, "unknown key")
	known := slices.Sorted(func(yield func(string) bool) {
		for field := range fields {
			if !yield(field) {
				return
			}
		}
	})
	switch nearest := closest(name, known); {
	case key == "smtp.password":
		d.errs = append(d.errs, hint.Wrap(err, "a password has no place in this file: use password_env, password_file or password_command"))
	case nearest != "":
		d.errs = append(d.errs, hint.Wrap(err, "did you mean %s", nearest))
	default:
		d.errs = append(d.errs, hint.Wrap(err, "the keys here are %s", strings.Join(known, ", ")))
	}
}

func join(section, name string) string {
	if section == "" {
		return name
	}
	return section + "." + name
}
