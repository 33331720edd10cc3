package emulator

import (
	"os"
	"path/filepath"
)

// replaceFile puts content in the place of a file: a crash leaves the old file
// or the new one, whole. The new file is returned open.
func replaceFile(path string, content []byte) (_ *os.File, err error) {
	dir, name := filepath.Split(path)
	temp, err := os.CreateTemp(dir, name+".*.tmp")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			temp.Close()
			os.Remove(temp.Name())
		}
	}()
	if _, err = temp.Write(content); err != nil {
		return nil, err
	}
	if err = temp.Sync(); err != nil {
		return nil, err
	}
	if err = os.Rename(temp.Name(), path); err != nil {
		return nil, err
	}
	return temp, nil
}
