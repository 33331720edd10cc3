package local

import (
	"errors"
	"hash/maphash"
	"io/fs"

	"aliasctl/internal/state"
)

// seen is what a run knows to stand at the path of a state: what it has read
// there, or written. The serial would not tell it: an announcement keeps it,
// and two runs that began from one state write the same.
type seen struct {
	known  bool // else nothing was read or written yet
	there  bool
	digest uint64
	// damaged reports that what was read is no state that this program reads.
	damaged bool
}

var digestSeed = maphash.MakeSeed() // a digest is compared within one process

func newDigest() *maphash.Hash {
	h := new(maphash.Hash)
	h.SetSeed(digestSeed)
	return h
}

func (s *seen) nothing()         { *s = seen{known: true} }
func (s *seen) is(digest uint64) { *s = seen{known: true, there: true, digest: digest} }

// still refuses what is not what was seen. Nothing where there was something is
// no harm: there is no work of another run to lose.
func (s *seen) still(fsys FS, path string) error {
	if !s.known {
		return nil
	}
	if !s.there {
		return &state.RaceError{Path: path, First: true}
	}
	data, err := fsys.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return &state.SaveError{Path: path, Doing: "look whether it is the one that was read", Err: cause(err)}
	case maphash.Bytes(digestSeed, data) != s.digest:
		return &state.RaceError{Path: path}
	}
	return nil
}
