package pgdump

import (
	"bytes"

	"breachnotify/pkg/export/dump"
	"breachnotify/pkg/hint"
)

// copyStops are the bytes that mean something in the data of COPY.
var copyStops = [256]bool{'\t': true, '\n': true, '\r': true, '\\': true}

// read reads a row. Its errors are errEndOfData, dump.ErrLong and those that name their
// place.
func (c *copied) read() error {
	for {
		rest := c.W.Rest()
		if len(rest) == 0 {
			return c.W.Cut(c.Opening, "the COPY block", `a line \.`)
		}
		i := 0
		for i < len(rest) && !copyStops[rest[i]] {
			i++
		}
		if i > 0 {
			if err := c.Into.Add(rest[:i]); err != nil {
				return err
			}
			c.begun = true
			c.W.Skip(i)
		}
		if i == len(rest) {
			continue
		}
		if done, err := c.special(rest[i]); done || err != nil {
			return err
		}
	}
}

// special reads a byte that means something, and reports whether it ends the row.
func (c *copied) special(b byte) (done bool, err error) {
	switch b {
	case '\t':
		err = c.close(false)
		c.W.Skip(1)
		return false, err
	case '\\':
		return false, c.backslash()
	case '\r':
		if !bytes.HasPrefix(c.W.Ahead(2), []byte("\r\n")) {
			err := c.W.Errorf(c.W.Here(), `a carriage return in the data of COPY, expected it as \r`)
			return false, hint.Wrap(err, "copy the dump again as a binary file: its line ends were changed on the way")
		}
		c.W.Skip(1)
	}
	err = c.close(true)
	c.W.Skip(1)
	return true, err
}

// close closes a value. last is whether the row ends there.
func (c *copied) close(last bool) error {
	form := dump.Plain
	if c.null {
		form = dump.Null
	}
	empty := c.fields == 0 && !c.begun && last
	c.fields, c.begun, c.null = c.fields+1, false, false
	switch {
	case c.want < 0, c.want == 0 && empty: // a row without columns is an empty line
		return nil
	case c.fields > c.want || !last && c.fields == c.want:
		err := c.W.Errorf(c.W.Here(), "a row with more than %d values, which is how many columns it has", c.want)
		return hint.Wrap(err, `look for a tab in a value, which must be \t, and for the line \. that ends the block before`)
	case last && c.fields < c.want:
		err := c.W.Errorf(c.at, "a row with %d values, expected %d", c.fields, c.want)
		return hint.Wrap(err, `look for a line end in a value, which must be \n, and for the line \. that ends the block`)
	}
	if c.wanted {
		c.Record.Close(form)
	}
	return nil
}

// backslash reads what begins with one: \N, the end of the data, or an escape.
func (c *copied) backslash() error {
	ahead := c.W.Ahead(4)
	switch {
	case len(ahead) > 1 && ahead[1] == '.':
		return c.end(ahead[2:])
	case len(ahead) > 2 && ahead[1] == 'N' && !c.begun && bytes.IndexByte([]byte("\t\n\r"), ahead[2]) >= 0:
		c.null, c.begun = true, true
		c.W.Skip(2)
		return nil
	}
	c.begun = true
	c.escape(inCopy)
	return c.Fault()
}

// end reads \. which stands alone in its line.
func (c *copied) end(behind []byte) error {
	alone := len(behind) == 0 || behind[0] == '\n' || bytes.HasPrefix(behind, []byte("\r\n"))
	if c.fields > 0 || c.begun || !alone {
		err := c.W.Errorf(c.W.Here(), `a \. within a line of data, expected it alone at the end of the data`)
		return hint.Wrap(err, `a backslash in a value is \\`)
	}
	c.W.Skip(2)
	return errEndOfData
}
