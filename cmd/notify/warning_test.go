package main

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"slices"
	"testing"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/export"
)

// unmatchedDraft takes keys that match no account, and nothing else.
type unmatchedDraft struct {
	campaign.Draft
	kept []campaign.Unmatched
	err  error
}

func (d *unmatchedDraft) AddUnmatched(_ context.Context, u campaign.Unmatched) error {
	d.kept = append(d.kept, u)
	return d.err
}

// keysOf yields keys, and then an error if there is one.
func keysOf(err error, keys ...export.Unmatched) iter.Seq2[export.Unmatched, error] {
	return func(yield func(export.Unmatched, error) bool) {
		for _, key := range keys {
			if !yield(key, nil) {
				return
			}
		}
		if err != nil {
			yield(export.Unmatched{}, err)
		}
	}
}

func TestUnmatchedKeysAreKeptAndCountedByTable(t *testing.T) {
	draft := &unmatchedDraft{}
	warnings, err := keepUnmatched(t.Context(), keysOf(nil,
		export.Unmatched{Table: "b", Value: "1"}, export.Unmatched{Table: "b", Value: "2"},
		export.Unmatched{Table: "c", Unknown: "nobody knows"}, export.Unmatched{Table: "a", Value: "3"}), draft)
	if err != nil {
		t.Fatal(err)
	}
	if want := []campaign.Unmatched{{Table: "b", Value: "1"}, {Table: "b", Value: "2"}, {Table: "a", Value: "3"}}; !reflect.DeepEqual(draft.kept, want) {
		t.Errorf("kept are %v, want %v", draft.kept, want)
	}
	var said []string
	for _, w := range warnings {
		said = append(said, w.Warning)
	}
	want := []string{
		"export.tables.c: whether all of it matches an account is not checked: nobody knows",
		"export.tables.b: keys that match no account: 2",
		"export.tables.a: keys that match no account: 1",
	}
	if !slices.Equal(said, want) {
		t.Errorf("the warnings are %q, want %q", said, want)
	}
}

func TestKeysThatCannotBeReadOrKeptEndThePlan(t *testing.T) {
	failed := errors.New("failed")
	if _, err := keepUnmatched(t.Context(), keysOf(failed, export.Unmatched{Table: "a", Value: "1"}), &unmatchedDraft{}); !errors.Is(err, failed) {
		t.Errorf("keys that cannot be read: %v", err)
	}
	if _, err := keepUnmatched(t.Context(), keysOf(nil, export.Unmatched{Table: "a", Value: "1"}), &unmatchedDraft{err: failed}); !errors.Is(err, failed) {
		t.Errorf("a draft that takes no key: %v", err)
	}
}

func TestWarningsOfEmptyColumnsSayWhereToLook(t *testing.T) {
	for _, c := range []struct {
		from campaign.Export
		want []warning
	}{
		{campaign.Export{}, []warning{
			{"the column name is empty in every selected row", "if that cannot be right, name the column that is meant in export.columns"},
			{"the column sso is empty in every selected row", "if that cannot be right, name the column that is meant in export.columns"},
		}},
		{campaign.Export{Query: "SELECT"}, []warning{
			{"the column name is empty in every selected row", "if that cannot be right, name the column that is meant in export.query"},
			{"the column sso is empty in every selected row", "if that cannot be right, name the column that is meant in export.query"},
		}},
		{campaign.Export{Preset: "okta"}, []warning{
			{"the preset okta finds no sso in any selected row", "if that cannot be right, notify presets okta shows where it looks"},
		}},
	} {
		if got := emptyColumns([]string{"name", "sso"}, c.from); !reflect.DeepEqual(got, c.want) {
			t.Errorf("warnings are %q, want %q", got, c.want)
		}
	}
}
