package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/gofrs/flock"

	"aliasctl/internal/atomicfile"
	"aliasctl/internal/input"
)

// keeper keeps a catalogue in a file, so that the next command goes on where
// this one ended, and shares it with other processes that have the same file
// open at the same time: all of them together are one cluster.
//
// Every write of the catalogue takes a file lock, reads what another process
// may have written meanwhile, changes it, and replaces the file in one piece
// (temporary file, fsync, rename) before it is answered: a kill at any moment
// loses nothing that was answered. Every read looks first whether the
// file is still the one that it knows.
//
// To tell a replaced file from the old one, the keeper holds the old one open:
// as long as it does, the system cannot give its inode to another file, so the
// same inode means the same content. Times and sizes would not do: two writes
// may fall into one tick of the clock.
type keeper struct {
	path   string
	lock   *flock.Flock
	known  *os.File // the version that the catalogue was read from, nil for none
	info   os.FileInfo
	digest string // of the seed
	// reread is called after the catalogue was read from another file.
	reread func()
	// replace is atomicfile.Replace, but for tests.
	replace func(path string, content []byte, options atomicfile.Options) error
}

func openKeeper(path, digest string) (*keeper, error) {
	// In a checkout a stranger may have put links there.
	dir := filepath.Dir(path)
	for _, name := range []string{dir, path, path + ".lock"} {
		if _, err := atomicfile.Target(name); err != nil {
			return nil, &CopyError{name, err}
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, &CopyError{path, err}
	}
	// The folder is never committed, in whichever repository the seed lies.
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Lstat(ignore); errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(ignore, []byte("*\n"), 0o644); err != nil {
			return nil, &CopyError{path, err}
		}
	}
	for _, name := range []string{path, path + ".lock"} {
		if err := input.CheckKind(name); err != nil {
			return nil, &CopyError{name, err}
		}
	}
	return &keeper{path: path, lock: flock.New(path + ".lock"), digest: digest, reread: func() {}, replace: atomicfile.Replace}, nil
}

// begin reads the copy, or fills the catalogue from the seed and makes it.
func (k *keeper) begin(c *catalog, start *seed) error {
	return k.locked(func() error {
		// With the lock held, temporary files are those of killed processes.
		left, _ := filepath.Glob(filepath.Join(filepath.Dir(k.path), atomicfile.TempPrefix(k.path)+"*"))
		for _, temp := range left {
			os.Remove(temp)
		}
		err := k.refresh(c)
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		start.fill(c)
		return k.save(c)
	})
}

func (k *keeper) locked(do func() error) error {
	if err := k.lock.Lock(); err != nil {
		return &CopyError{k.path, err}
	}
	defer k.lock.Unlock()
	return do()
}

// update runs a write and saves what it changed. When it cannot be saved, the
// catalogue goes back to what is on disk.
func (k *keeper) update(c *catalog, write func(*catalog) error) error {
	return k.locked(func() error {
		if err := k.refresh(c); err != nil {
			return err
		}
		before := c.version
		if err := write(c); c.version == before {
			return err
		} else if saveErr := k.save(c); saveErr != nil {
			k.forget()
			k.refresh(c)
			return saveErr
		} else {
			return err
		}
	})
}

// stale reports whether the file is another one than the catalogue was read from.
func (k *keeper) stale() bool {
	if k.known == nil {
		return true
	}
	now, err := os.Stat(k.path)
	return err != nil || !os.SameFile(k.info, now)
}

// refresh reads the file again when it is another one.
func (k *keeper) refresh(c *catalog) error {
	if !k.stale() {
		return nil
	}
	file, err := atomicfile.OpenShared(k.path)
	if err != nil {
		return &CopyError{k.path, err}
	}
	content, err := input.Body(file, 0, maxCopy)
	if err != nil {
		file.Close()
		return &CopyError{k.path, err}
	}
	digest, err := c.decode(content)
	if err != nil {
		file.Close()
		return &CopyError{k.path, fmt.Errorf("cannot be understood: %w; delete it to start over from the seed", input.JSONError(err))}
	}
	if digest != k.digest {
		file.Close()
		return &SeedChangedError{Copy: k.path}
	}
	k.reread()
	return k.know(file)
}

// know holds on to the file that the catalogue equals now.
func (k *keeper) know(file *os.File) error {
	k.forget()
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return &CopyError{k.path, err}
	}
	k.known, k.info = file, info
	return nil
}

func (k *keeper) forget() {
	if k.known != nil {
		k.known.Close()
		k.known = nil
	}
}

// save replaces the file durably and in one piece.
func (k *keeper) save(c *catalog) error {
	// Windows does not everywhere replace a file that is open. With the lock held no
	// other file takes its place, so letting it go is no risk.
	k.forget()
	if err := k.replace(k.path, c.encode(k.digest), atomicfile.Options{Mode: 0o600, Links: atomicfile.Within}); err != nil {
		return &CopyError{k.path, err}
	}
	file, err := atomicfile.OpenShared(k.path) // with the lock held it is the one just written
	if err != nil {
		return &CopyError{k.path, err}
	}
	return k.know(file)
}

func (k *keeper) close() error {
	k.forget()
	return k.lock.Close()
}

// maxCopy bounds a copy: one of a million collections has half of it.
const maxCopy = 1 << 30

// snapshotVersion is the version of the copy's format.
const snapshotVersion = 1

// snapshot is a catalogue as it is kept in a file.
type snapshot struct {
	Version   int                `json:"version"`
	Seed      string             `json:"seed"` // digest of the seed that it started from
	NextID    int64              `json:"next_id"`
	Databases []snapshotDatabase `json:"databases"`
	// Who may do what, without passwords; absent in copies of older programs and
	// where it is as on a new server.
	Users  map[string][]string        `json:"users,omitempty"` // to their roles
	Roles  map[string][]snapshotGrant `json:"roles,omitempty"`
	Groups map[string][]string        `json:"privilege_groups,omitempty"`
}

type snapshotGrant struct {
	Database   string `json:"database"`
	ObjectType string `json:"object_type"`
	ObjectName string `json:"object_name"`
	Privilege  string `json:"privilege"`
}

type snapshotDatabase struct {
	ID          int64                `json:"id"`
	Name        string               `json:"name"`
	Properties  []property           `json:"properties,omitempty"`
	Collections []snapshotCollection `json:"collections"`
	Aliases     []snapshotAlias      `json:"aliases"`
}

type snapshotCollection struct {
	ID       int64          `json:"id"`
	Name     string         `json:"name"`
	Rows     int64          `json:"rows,omitempty"`
	Noise    float64        `json:"noise,omitempty"`
	Origin   string         `json:"origin,omitempty"`
	Gone     map[int64]bool `json:"gone,omitempty"`
	Pending  int64          `json:"pending,omitempty"`
	Loaded   bool           `json:"loaded,omitempty"`
	Schema   schema         `json:"schema"`
	Entities []row          `json:"entities,omitempty"`
}

type snapshotAlias struct {
	Name       string `json:"name"`
	Collection int64  `json:"collection"` // the id
	// Dropped is the name of the collection, for a dangling alias.
	Dropped string `json:"dropped,omitempty"`
}

func (c *catalog) encode(seedDigest string) []byte {
	s := snapshot{Version: snapshotVersion, Seed: seedDigest, NextID: c.nextID}
	for _, name := range slices.Sorted(maps.Keys(c.databases)) {
		db := c.databases[name]
		to := snapshotDatabase{ID: db.id, Name: db.name, Properties: db.properties,
			Collections: []snapshotCollection{}, Aliases: []snapshotAlias{}}
		for _, name := range slices.Sorted(maps.Keys(db.collections)) {
			of := db.collections[name]
			to.Collections = append(to.Collections, snapshotCollection{
				ID: of.id, Name: of.name, Rows: of.rows, Noise: of.noise, Origin: of.origin, Gone: of.gone,
				Pending: of.pending, Loaded: of.loaded, Schema: of.schema, Entities: of.entities,
			})
		}
		for _, name := range slices.Sorted(maps.Keys(db.aliases)) {
			alias := snapshotAlias{Name: name, Collection: db.aliases[name].id}
			if db.aliases[name].dropped {
				alias.Dropped = db.aliases[name].name
			}
			to.Aliases = append(to.Aliases, alias)
		}
		s.Databases = append(s.Databases, to)
	}
	c.roster.encode(&s)
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		panic(err) // plain values
	}
	return append(text, '\n')
}

// decode replaces the content of the catalogue by that of a snapshot.
func (c *catalog) decode(content []byte) (seedDigest string, err error) {
	var s snapshot
	if err := json.Unmarshal(content, &s); err != nil {
		return "", err
	}
	if s.Version != snapshotVersion {
		return "", fmt.Errorf("its version is %d, this program knows %d", s.Version, snapshotVersion)
	}
	c.nextID = s.NextID
	c.databases, c.names, c.roster = map[string]*database{}, nameSet{}, decodeRoster(&s)
	for _, from := range s.Databases {
		db := c.addDatabase(from.Name, from.ID)
		db.properties = from.Properties
		byID := map[int64]*collection{}
		for _, of := range from.Collections {
			added := &collection{
				id: of.ID, name: of.Name, rows: of.Rows, noise: of.Noise, origin: of.Origin, gone: of.Gone,
				pending: of.Pending, loaded: of.Loaded, schema: of.Schema, entities: of.Entities,
			}
			byID[of.ID] = added
			db.add(added)
		}
		for _, alias := range from.Aliases {
			to := byID[alias.Collection]
			if to == nil {
				to = &collection{id: alias.Collection, name: alias.Dropped, dropped: true}
				byID[alias.Collection] = to
			}
			db.bind(alias.Name, to)
		}
	}
	c.changed()
	return s.Seed, nil
}
