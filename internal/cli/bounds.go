package cli

import (
	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"aliasctl/internal/input"
	"aliasctl/internal/milvus"
	"aliasctl/manifest"
)

// What a stranger can make large is bounded in proportion to what is managed: a state
// in a checkout or a bucket, and lists of a server. Each bound has a flag that lifts it.

const (
	// bytesPerAlias is what a managed alias may take in a state, with its part of the
	// history: an entry of each of the 20 applies that are remembered.
	bytesPerAlias = 4 << 10
	leastState    = 64 << 20
	mostState     = 1 << 30
	// namesPerAlias is how many names a shared cluster may have for each alias that
	// is managed.
	namesPerAlias = 20
)

func maxStateBytesFlag() cli.Flag {
	return &cli.StringFlag{Name: "max-state-bytes", Category: categoryLimits,
		Usage: "read a state of up to `SIZE`, as 512MiB (default: 256MiB; with a manifest 4KiB for each of its aliases, at least 64MiB, at most 1GiB)"}
}

// stateBound is how large a state may be to be read.
func (s *streams) stateBound(c *cli.Context) (int64, error) {
	if text := c.String("max-state-bytes"); text != "" {
		n, err := humanize.ParseBytes(text)
		if err != nil || n == 0 || n > 1<<40 {
			return 0, usagef("write a size as 512MiB or 2GiB", "--max-state-bytes: %q is no size between 1 byte and 1 TiB", text)
		}
		return int64(n), nil
	}
	if s.managed == 0 { // no manifest is read
		return input.MaxState, nil
	}
	return min(max(leastState, bytesPerAlias*int64(s.managed)), mostState), nil
}

// maxNames is how many names one list of the server may have.
func (s *streams) maxNames(c *cli.Context) int {
	if n := c.Int("max-names"); n != 0 {
		return n
	}
	return max(milvus.DefaultMaxNames, namesPerAlias*s.managed)
}

// aliasesOf is how many aliases a manifest binds; it may be nil.
func aliasesOf(m *manifest.Manifest) int {
	n := 0
	if m != nil {
		for _, d := range m.Databases {
			n += len(d.Aliases)
		}
	}
	return n
}
