package main

import (
	"context"
	"fmt"
	"iter"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/export"
)

// warning is something about a plan that is allowed and may well be a mistake.
type warning struct {
	Warning string `json:"warning"`
	Hint    string `json:"hint"`
}

// show prints the warning on stderr.
func (w warning) show(p *process) {
	p.warn("warning: %s", w.Warning)
	fmt.Fprintf(p.stderr, "hint: %s\n", w.Hint)
}

// emptyColumns warns of columns in which no selected row has anything.
func emptyColumns(columns []string, from campaign.Export) []warning {
	if from.Preset != "" {
		return emptyFields(columns, from.Preset)
	}
	key := "export.columns"
	if from.Query != "" {
		key = "export.query"
	}
	var warnings []warning
	for _, column := range columns {
		warnings = append(warnings, warning{
			fmt.Sprintf("the column %s is empty in every selected row", printable(column)),
			"if that cannot be right, name the column that is meant in " + key,
		})
	}
	return warnings
}

// emptyFields is emptyColumns for a preset. What that finds of names and languages is a
// bonus, which many sources lack.
func emptyFields(fields []string, preset string) []warning {
	var warnings []warning
	for _, field := range fields {
		if field == "name" || field == "locale" {
			continue
		}
		warnings = append(warnings, warning{
			fmt.Sprintf("the preset %s finds no %s in any selected row", preset, field),
			fmt.Sprintf("if that cannot be right, notify presets %s shows where it looks", preset),
		})
	}
	return warnings
}

// keepUnmatched puts the keys of further tables that match no account into the draft, and
// warns of each table that has such, or whose keys cannot be told.
func keepUnmatched(ctx context.Context, keys iter.Seq2[export.Unmatched, error], draft campaign.Draft) ([]warning, error) {
	var warnings []warning
	counts := map[string]int64{}
	var tables []string
	for key, err := range keys {
		if err != nil {
			return nil, err
		}
		if key.Unknown != "" {
			warnings = append(warnings, unknownKeys(key))
			continue
		}
		if counts[key.Table] == 0 {
			tables = append(tables, key.Table)
		}
		counts[key.Table]++
		if err := draft.AddUnmatched(ctx, campaign.Unmatched{Table: key.Table, Value: key.Value}); err != nil {
			return nil, err
		}
	}
	for _, table := range tables {
		warnings = append(warnings, warning{
			fmt.Sprintf("export.tables.%s: keys that match no account: %d", table, counts[table]),
			"notify accounts --unmatched lists them: people who may have to be told and get no notice",
		})
	}
	return warnings, nil
}

func unknownKeys(u export.Unmatched) warning {
	return warning{
		fmt.Sprintf("export.tables.%s: whether all of it matches an account is not checked: %s", u.Table, u.Unknown),
		fmt.Sprintf("compare its key in export.where, as in: id IN (SELECT id FROM %s)", u.Table),
	}
}
