package emulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// snapshotVersion is the version of the copy's format.
const snapshotVersion = 1

// snapshot is a catalogue as it is kept in a file.
type snapshot struct {
	Version   int                `json:"version"`
	Seed      string             `json:"seed"` // digest of the seed that it started from
	NextID    int64              `json:"next_id"`
	Databases []snapshotDatabase `json:"databases"`
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
	c.databases, c.names = map[string]*database{}, nameSet{}
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
