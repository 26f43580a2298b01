package campaign

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxExpanded bounds a value after substitution: what is larger is no setting.
const maxExpanded = 1 << 16

// reference finds ${NAME}, its escape $${, and a ${ that is neither.
var reference = regexp.MustCompile(`\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{`)

// expand replaces every ${NAME} in a value by what env knows under that name, and
// every $${ by ${. What env gives is taken as it is: it is not expanded again. The
// errors name the variable, never a value.
func expand(text string, env func(string) (string, bool)) (string, error) {
	if !strings.Contains(text, "${") {
		return text, nil
	}
	var failure error
	expanded := reference.ReplaceAllStringFunc(text, func(found string) string {
		if found == "$${" {
			return "${"
		}
		value, err := lookup(strings.Trim(found, "${}"), env)
		if err != nil && failure == nil {
			failure = err
		}
		return value
	})
	if len(expanded) > maxExpanded {
		return "", errors.New("longer than 64 KiB once its variables are filled in")
	}
	return expanded, failure
}

func lookup(name string, env func(string) (string, bool)) (string, error) {
	if name == "" {
		return "", errors.New("a ${ without a variable: want ${NAME}")
	}
	value, ok := env(name)
	switch {
	case !ok:
		return "", fmt.Errorf("the environment has no %s", name)
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		return "", fmt.Errorf("%s is not UTF-8 text", name)
	}
	return value, nil
}
