package check

import (
	"embed"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"breachnotify/pkg/account"
)

//go:embed jurisdictions/*.yaml
var jurisdictionFiles embed.FS

// need is what a law says about an element.
type need string

const (
	needRequired    need = "required"
	needConditional need = "conditional" // required where element.When is so
	needRecommended need = "recommended"
	needProhibited  need = "prohibited"
)

// jurisdiction is a data file: what a notice must hold there.
type jurisdiction struct {
	Name     string    `yaml:"name"`
	Title    string    `yaml:"title"`   // the place and the law
	Checked  string    `yaml:"checked"` // when the file was last held against its sources
	Due      string    `yaml:"due"`     // when the notice is due, in words
	Term     string    `yaml:"term"`    // the same, where it is a number: 72h, 30d, 3wd (working days); from discovery
	Notes    []string  `yaml:"notes"`
	Elements []element `yaml:"elements"` // headings in the order in which they must stand
}

// element is one thing that a notice must hold, or must not. Any one of title,
// headings, facts and computed makes it present; attest asks for a person on top.
type element struct {
	ID         string            `yaml:"id"`
	Need       need              `yaml:"need"`
	When       string            `yaml:"when"` // the condition, in words
	Cite       string            `yaml:"cite"`
	Title      map[string]string `yaml:"title"`    // language -> heading of the first level
	Headings   map[string]string `yaml:"headings"` // language -> heading that is not empty
	Facts      []string          `yaml:"facts"`    // one of them declared and shown in both parts
	Computed   string            `yaml:"computed"` // name of a probe
	Classes    []account.Class   `yaml:"classes"`  // whose notices it is about; none: all
	Attest     bool              `yaml:"attest"`
	Unverified bool              `yaml:"unverified"` // not yet held against its source
}

// elements are the ids that data files make use of, and what they mean.
var elements = map[string]string{
	"ORG":       "the name of the organisation",
	"CONTACT":   "how to reach the organisation",
	"DPO":       "how to reach the data protection officer, or another contact",
	"TWOROUTES": "two routes of contact",
	"WHAT":      "what happened",
	"DATA":      "what information was involved",
	"D_BREACH":  "when the breach happened",
	"D_DISC":    "when the breach was discovered",
	"D_NOTICE":  "the date of the notice",
	"CONSEQ":    "the likely consequences",
	"THIRD":     "who took the data",
	"MEAS":      "what the organisation does about it",
	"SELF":      "what the reader can do",
	"PWD":       "to change the password here and wherever else it is used",
	"CRA":       "how to reach the credit bureaus",
	"IDTP":      "identity protection that is offered",
	"AGENCY":    "telephone numbers and sites of the agencies",
	"POLICE":    "the right to a police report",
	"FREEZE":    "how to have a security freeze",
	"LEDELAY":   "that law enforcement delayed the notice",
	"LATEWHY":   "why the notice is late",
	"PLAIN":     "plain language",
	"CONSENT":   "that these readers agreed to be told by e-mail",
	"MARKETING": "marketing",
	"RESIDENTS": "the number of residents affected",
	"FURNISHED": "no notice to mailboxes that the organisation provides",
	"TYPE":      "type of 10 points or more",
	"TITLE":     "the title that the law prescribes",
	"H_WHAT":    "the heading about what happened",
	"H_DATA":    "the heading about the information",
	"H_MEAS":    "the heading about what is being done",
	"H_SELF":    "the heading about what the reader can do",
	"H_MORE":    "the heading about further information",
}

// JurisdictionNames returns the names of all data files in alphabetical order.
func JurisdictionNames() []string { return slices.Sorted(maps.Keys(jurisdictions())) }

// jurisdictions panics for a file that is not right, which is one of this package.
var jurisdictions = sync.OnceValue(func() map[string]jurisdiction {
	entries, err := jurisdictionFiles.ReadDir("jurisdictions")
	if err != nil {
		panic(err)
	}
	known := map[string]jurisdiction{}
	for _, entry := range entries {
		content, err := jurisdictionFiles.ReadFile(path.Join("jurisdictions", entry.Name()))
		if err != nil {
			panic(err)
		}
		j, err := parseJurisdiction(content)
		if err == nil && entry.Name() != j.Name+".yaml" {
			err = fmt.Errorf("the file of %s has another name", j.Name)
		}
		if err != nil {
			panic(fmt.Errorf("%s: %w", entry.Name(), err))
		}
		known[j.Name] = j
	}
	return known
})

func parseJurisdiction(content []byte) (jurisdiction, error) {
	var j jurisdiction
	if err := yaml.UnmarshalWithOptions(content, &j, yaml.Strict()); err != nil {
		return jurisdiction{}, fmt.Errorf("read a jurisdiction: %w", err)
	}
	return j, j.Validate()
}

var termForm = regexp.MustCompile(`^([1-9][0-9]{0,3})(h|d|wd)$`)

// Validate returns everything that is wrong with a data file.
func (j jurisdiction) Validate() error {
	var errs []error
	if j.Name == "" || j.Title == "" || j.Checked == "" || j.Due == "" || len(j.Elements) == 0 {
		errs = append(errs, errors.New("want name, title, checked, due and elements"))
	}
	if j.Term != "" && !termForm.MatchString(j.Term) {
		errs = append(errs, fmt.Errorf("the term is %q: want such as 72h, 30d or 3wd", j.Term))
	}
	seen := map[string]bool{}
	for _, e := range j.Elements {
		if seen[e.ID] {
			errs = append(errs, fmt.Errorf("the element %s comes twice", e.ID))
		}
		seen[e.ID] = true
		if err := e.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("the element %s: %w", e.ID, err))
		}
	}
	return errors.Join(errs...)
}

// Validate returns everything that is wrong with an element.
func (e element) Validate() error {
	var errs []error
	if elements[e.ID] == "" {
		errs = append(errs, errors.New("no such element"))
	}
	if !slices.Contains([]need{needRequired, needConditional, needRecommended, needProhibited}, e.Need) {
		errs = append(errs, fmt.Errorf("need is %q", e.Need))
	}
	if e.Cite == "" {
		errs = append(errs, errors.New("no citation"))
	}
	if e.Computed != "" && probes[e.Computed] == nil {
		errs = append(errs, fmt.Errorf("computed is %q, which nothing computes", e.Computed))
	}
	if !e.observable() && !e.Attest {
		errs = append(errs, errors.New("nothing says how it is checked"))
	}
	for _, key := range e.Facts {
		if key != factOrganisation && !strings.HasPrefix(key, incidentPrefix) {
			errs = append(errs, fmt.Errorf("%s is no fact", key))
		}
	}
	return errors.Join(errs...)
}

// observable reports whether a notice shows if e is in it.
func (e element) observable() bool {
	return len(e.Title)+len(e.Headings)+len(e.Facts) > 0 || e.Computed != ""
}

// concerns reports whether e is about the notices of a class.
func (e element) concerns(class account.Class) bool {
	return len(e.Classes) == 0 || slices.Contains(e.Classes, class)
}
