// Package planfile turns a saved plan into bytes and back. The form has its
// own structs: it stays as it is when the planner's change, and nothing gets
// into it that is not named here.
//
// A file is input: whoever can write it can seal it again, so that its digest
// only finds accidents. Decode refuses what Encode would not have written;
// whether the plan is the one of its manifest is found by making it again
// (saved.Plan.Differences), never by looking at the file.
//
// internal/sync writes and reads plans with it.
package planfile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Version is the version of the format. Version 1 held steps that were carried
// out as they stood, without the manifest; it is not read any more.
const Version = 2

// Every list and text without omitempty is always there; an empty list is [].

type file struct {
	Version int       `json:"version"`
	MadeAt  time.Time `json:"made_at"`
	Lineage string    `json:"lineage"`
	// Flags shape the plan or lift a refusal.
	Flags []flag `json:"flags"`
	// Manifest are the files with their whole text, Vars what they use from the
	// command line and the environment.
	Manifest []document `json:"manifest"`
	Vars     []variable `json:"vars"`
	// Golden are the files of golden queries of the bindings that are made.
	Golden []golden `json:"golden"`

	Plan        plan       `json:"plan"`
	Before      []binding  `json:"before"`
	After       []binding  `json:"after"`
	Managed     []count    `json:"managed"`
	SplitGroups []group    `json:"split_groups"`
	Newcomers   []newcomer `json:"newcomers"`
	Touches     []touch    `json:"touches"`
	Refusals    []refusal  `json:"refusals"`
	// Digest is over all other fields: it finds a file that was edited or cut.
	Digest string `json:"digest"`
}

type flag struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

type document struct {
	File string `json:"file"`
	Text string `json:"text"`
}

type variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type golden struct {
	Database string `json:"database"`
	Alias    string `json:"alias"`
	SHA256   string `json:"sha256"`
}

type plan struct {
	Version int     `json:"version"`
	Cluster cluster `json:"cluster"`
	Serial  uint64  `json:"serial"`
	Live    string  `json:"live"`
	// Manifests are the files that the plan was made from, StateManifests those
	// of the state.
	Manifests      []string   `json:"manifests"`
	StateManifests []string   `json:"state_manifests"`
	Summary        summary    `json:"summary"`
	Steps          []step     `json:"steps"`
	Conflicts      []conflict `json:"conflicts"`
	Notes          []string   `json:"notes"`
	Checks         []check    `json:"checks"`
	Newest         []newest   `json:"newest,omitempty"`
}

// newest is what a `newest` of the manifest came to.
type newest struct {
	Database   string       `json:"database"`
	Alias      string       `json:"alias"`
	Match      string       `json:"newest"`
	Order      string       `json:"order"`
	Collection string       `json:"collection"`
	PassedOver []passedOver `json:"passed_over"`
}

type passedOver struct {
	Collection string `json:"collection"`
	Why        string `json:"why"`
}

type cluster struct {
	URI   string `json:"uri"`
	Label string `json:"label,omitempty"`
}

type summary struct {
	Create    int `json:"create"`
	Switch    int `json:"switch"`
	Drop      int `json:"drop"`
	Retire    int `json:"retire"`
	Adopt     int `json:"adopt"`
	Forget    int `json:"forget"`
	Verify    int `json:"verify"`
	Displace  int `json:"displace,omitempty"`
	Load      int `json:"load,omitempty"`
	Grant     int `json:"grant,omitempty"`
	Release   int `json:"release,omitempty"`
	Unchanged int `json:"unchanged"`
	Conflicts int `json:"conflicts"`
}

// step is one change. From and To are collections, ID is that of Collection. A switch by
// drop and create is one step.
type step struct {
	Op           string `json:"op"`
	Database     string `json:"database"`
	Alias        string `json:"alias"`
	Collection   string `json:"collection"`
	From         string `json:"from"`
	To           string `json:"to"`
	ID           string `json:"id,omitempty"`
	RenameTo     string `json:"rename_to,omitempty"`
	Back         string `json:"back,omitempty"` // of a verify-alias, and of a create-alias after a cut
	RecreateBack bool   `json:"recreate_back,omitempty"`
	FromID       string `json:"from_id,omitempty"` // of an adopt
	ToID         string `json:"to_id,omitempty"`
	Drift        bool   `json:"drift"`
	Protect      bool   `json:"protect,omitempty"`
	RenamedFrom  string `json:"renamed_from,omitempty"`
	// RolledBackFrom is the mark of a rollback that the binding keeps.
	RolledBackFrom string `json:"rolled_back_from,omitempty"`
	RenamedTo      string `json:"renamed_to,omitempty"`
	Released       bool   `json:"released,omitempty"`
	ReleaseFirst   bool   `json:"release_first,omitempty"`
	Timeout        int64  `json:"timeout,omitempty"` // of a load, in nanoseconds
	Loaded         bool   `json:"loaded,omitempty"`  // likewise
	Role           string `json:"role,omitempty"`    // of a grant
	Privilege      string `json:"privilege,omitempty"`
	ObjectType     string `json:"object_type,omitempty"`
	Surplus        bool   `json:"surplus,omitempty"`
	Rows           *int64 `json:"rows,omitempty"`
	Order          *order `json:"order,omitempty"`
}

type order struct {
	Place int `json:"place"`
	Of    int `json:"of"`
}

type conflict struct {
	Kind       string   `json:"kind"`
	Database   string   `json:"database"`
	Alias      string   `json:"alias"`
	Collection string   `json:"collection"`
	Reason     string   `json:"reason"`
	Want       string   `json:"want"`
	Last       string   `json:"last"`
	Live       string   `json:"live"`
	WaysOut    []string `json:"ways_out"`
}

type check struct {
	Database string      `json:"database"`
	Alias    string      `json:"alias"`
	Check    string      `json:"check"`
	Blue     string      `json:"blue"`
	Green    string      `json:"green"`
	Verdict  string      `json:"verdict"`
	Details  []string    `json:"details"`
	Golden   *comparison `json:"golden,omitempty"`
	Implied  bool        `json:"implied,omitempty"`
}

type comparison struct {
	K       int     `json:"k"`
	Why     string  `json:"why"`
	Queries []query `json:"queries"`
}

type query struct {
	Overlap  float64 `json:"overlap"`
	Blue     int64   `json:"blue_ns"`
	Green    int64   `json:"green_ns"`
	Expected bool    `json:"expected,omitempty"`
}

type binding struct {
	Database   string `json:"database"`
	Alias      string `json:"alias"`
	Collection string `json:"collection"`
	Protect    bool   `json:"protect,omitempty"`
}

type count struct {
	Database  string   `json:"database"`
	InState   int      `json:"in_state"`
	Live      int      `json:"live"`
	Released  int      `json:"released"`
	Dropped   int      `json:"dropped"`
	LeftOut   int      `json:"left_out"`
	Protected []string `json:"protected"`
}

type group struct {
	Database string   `json:"database"`
	Group    string   `json:"group"`
	Missing  []string `json:"missing"`
}

type newcomer struct {
	Database   string `json:"database"`
	Collection string `json:"collection"`
	ID         string `json:"id"`
}

type touch struct {
	Database       string   `json:"database"`
	Alias          string   `json:"alias,omitempty"`
	Collection     string   `json:"collection,omitempty"`
	Ours           []string `json:"ours"`
	Live           string   `json:"live"`
	To             string   `json:"to,omitempty"`
	Target         string   `json:"target,omitempty"`
	RolledBackFrom string   `json:"rolled_back_from,omitempty"`
	Reached        []string `json:"reached"`
}

type refusal struct {
	Guard  string `json:"guard"`
	Reason string `json:"reason"`
	WayOut string `json:"way_out"`
}

// sum is the digest over all other fields. JSON of these types has one form
// only: fields in order, no maps.
func (f file) sum() (string, error) {
	f.Digest = ""
	text, err := json.Marshal(f)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
