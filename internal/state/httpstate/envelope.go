package httpstate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"aliasctl/internal/state"
)

// envelope is what lies on the server. GitLab wants a serial that no write
// before has had, and the same state may be saved twice; so the serial counts
// writes, and the state stands within, as it is.
//
// What is no envelope is taken for a state as it stands: one that was uploaded
// by hand.
type envelope struct {
	Serial uint64          `json:"serial"`
	Write  string          `json:"aliasctl_write"` // the mark of the write
	State  json.RawMessage `json:"aliasctl_state"`
}

// wrap makes the bytes to be sent.
func wrap(serial uint64, mark string, body []byte) ([]byte, error) {
	if !json.Valid(body) {
		return nil, &state.StoreError{Message: "an HTTP state keeps JSON only"}
	}
	quoted, err := json.Marshal(mark)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer // and no json.Marshal, which would reformat the state
	fmt.Fprintf(&out, "{\"serial\": %d, \"aliasctl_write\": %s, \"aliasctl_state\": %s}\n", serial, quoted, bytes.TrimSpace(body))
	return out.Bytes(), nil
}

// unwrap is the object in what lies on the server, and the serial of that.
func unwrap(raw []byte) (state.Object, uint64) {
	var e envelope
	text := bytes.TrimPrefix(raw, []byte("\ufeff")) // as an editor may have left it
	if json.Unmarshal(text, &e) == nil && e.State != nil {
		return state.Object{Revision: revisionOf(raw), Mark: e.Write, Body: append(bytes.TrimSpace(e.State), '\n')}, e.Serial
	}
	return state.Object{Revision: revisionOf(raw), Body: raw}, e.Serial
}

func revisionOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}
