package local

import (
	"encoding/json"
	"io"
	"os"

	"aliasctl/internal/input"
	"aliasctl/internal/state"
)

// writeHolder puts the holder into the lock file that it has locked. The new text
// goes over the old one before the rest is cut off, so that the file is never
// seen empty between two holders.
func writeHolder(path string, h state.Holder) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := f.Write(append(text, '\n'))
	if err != nil {
		return err
	}
	return f.Truncate(int64(n))
}

// readHolder returns the holder that a lock file names. It fails while there
// is none in it, because its first bytes are on their way; fs.ErrNotExist
// means that the lock has been released.
func readHolder(path string) (state.Holder, error) {
	if err := input.CheckKind(path); err != nil {
		return state.Holder{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return state.Holder{}, err
	}
	defer f.Close()
	// One value is enough: behind it may stand the rest of a longer one.
	var h state.Holder
	err = json.NewDecoder(io.LimitReader(f, 64<<10)).Decode(&h)
	return h, err
}
