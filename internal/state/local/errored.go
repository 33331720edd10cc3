package local

import (
	"errors"
	"os"
	"path/filepath"

	"aliasctl/internal/state"
	"aliasctl/planner"
)

// SaveErrored keeps a state that Save could not put in place, as
// `errored.aliases.state.json` for `aliases.state.json`: beside the state if
// that is possible, else in the working directory, else in a new folder of
// its own under the folder for temporary files. It returns the path. An
// errored state of another lineage is not replaced: the next place is tried.
//
// The state is written even if it breaks a rule of the format, because it is
// all that is known of what was done. The error joins those of all places.
func (f *File) SaveErrored(s planner.State) (string, error) {
	beside := func() (string, error) { return filepath.Dir(f.path), nil }
	return saveErrored(f.fsys, filepath.Base(ErroredPath(f.path)), s, beside, os.Getwd)
}

// SaveErrored keeps a state of a shared store that could not be saved under
// this file name: in the working directory, else in a new folder of its own
// under the folder for temporary files.
func SaveErrored(name string, s planner.State) (string, error) {
	return saveErrored(OS, name, s, os.Getwd)
}

// ErroredPath is where SaveErrored puts the state of a path first.
func ErroredPath(path string) string {
	return filepath.Join(filepath.Dir(path), "errored."+filepath.Base(path))
}

// saveErrored tries the places in turn, and then a folder of its own: a fixed
// name in a folder that everybody may write to could be taken.
func saveErrored(fsys FS, name string, s planner.State, places ...func() (string, error)) (string, error) {
	var errs []error
	var undurable string // written, but perhaps not durable
	own := func() (string, error) { return fsys.MkdirTemp(os.TempDir(), "aliasctl-*") }
	for _, place := range append(places, own) {
		dir, err := place()
		if err == nil {
			path := filepath.Join(dir, name)
			if err = writeErrored(fsys, path, s); err == nil {
				return path, nil
			}
			if save := (*state.SaveError)(nil); undurable == "" && errors.As(err, &save) && save.Replaced {
				undurable = path
			}
		}
		errs = append(errs, err)
	}
	if undurable != "" {
		return undurable, nil
	}
	return "", errors.Join(errs...)
}

func writeErrored(fsys FS, path string, s planner.State) error {
	data, err := fsys.ReadFile(path)
	if err == nil {
		if old, err := state.Decode(path, data); err != nil || old.Lineage != s.Lineage {
			return &state.SaveError{Path: path, Doing: "replace it", Err: errors.New("it is the errored state of another file")}
		}
	}
	return replace(fsys, path, s, nil)
}

// Recovery is the shell command that puts an errored state in place.
func (f *File) Recovery(errored string) string {
	path, err := resolve(f.fsys, f.path)
	if err != nil {
		path = f.path
	}
	return "mv -f -- " + state.Quote(errored) + " " + state.Quote(path)
}
