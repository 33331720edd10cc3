// Package decimal has the flags that take numbers. Package cli uses them.
package decimal

import (
	"errors"
	"flag"
	"strings"

	"github.com/urfave/cli/v2"
)

// Int and Uint64 are flags that take decimal numbers alone. The flags of urfave/cli
// read 010 as eight and 0x10 as sixteen, whatever their Base is (v2.27.7).
type Int struct{ *cli.IntFlag }

// Apply defines the flag.
func (f Int) Apply(set *flag.FlagSet) error { return applyDecimal(f.IntFlag, set) }

type Uint64 struct{ *cli.Uint64Flag }

// Apply defines the flag.
func (f Uint64) Apply(set *flag.FlagSet) error { return applyDecimal(f.Uint64Flag, set) }

func applyDecimal(f cli.Flag, set *flag.FlagSet) error {
	if err := f.Apply(set); err != nil {
		return err
	}
	for _, name := range f.Names() {
		defined := set.Lookup(name)
		defined.Value = decimal{defined.Value}
	}
	return nil
}

// errParse is what package flag reports a number that is none.
var errParse = errors.New("parse error")

// decimal is the value of a flag that is set in decimal.
type decimal struct{ flag.Value }

func (d decimal) Set(s string) error {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return errParse
	}
	if trimmed := strings.TrimLeft(digits, "0"); trimmed != "" {
		return d.Value.Set(strings.TrimSuffix(s, digits) + trimmed)
	}
	return d.Value.Set("0")
}
