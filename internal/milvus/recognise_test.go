package milvus

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"aliasctl/internal/emulator"
)

func recognise(t *testing.T, c *Client) (profile, evidence string) {
	t.Helper()
	profile, evidence, err := Recognise(t.Context(), c)
	if err != nil || evidence == "" {
		t.Fatalf("%q: %v", evidence, err)
	}
	return profile, evidence
}

func TestRecognise(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		shop(t, k)
		if got, evidence := recognise(t, newClient(t, k.uri, nil)); got != k.Profile().Name {
			t.Errorf("%s: %s", got, evidence)
		}
		// No call changes anything, and no small Request-Timeout stays behind.
		for _, call := range k.took() {
			route, _, _ := strings.Cut(call, " ")
			if !strings.HasSuffix(route, "/list") && !strings.HasSuffix(route, "/has") && !strings.HasSuffix(route, "/describe") {
				t.Errorf("%s was asked", call)
			}
		}
	})
}

// A user without privileges sees no collection, but an alias to look through.
func TestRecogniseWithoutPrivileges(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		k, c := withUser(t, k.Profile())
		if got, evidence := recognise(t, c); got != k.Profile().Name {
			t.Errorf("%s: %s", got, evidence)
		}
	})
}

func TestRecogniseEmptyServer(t *testing.T) {
	unsure := map[string]bool{"2.5": true, "2.6.18": true}
	overProfiles(t, func(t *testing.T, k *cluster) {
		got, evidence := recognise(t, newClient(t, k.uri, nil))
		want := k.Profile().Name
		if unsure[want] {
			want = UnknownProfile
		}
		if got != want {
			t.Errorf("%s: %s", got, evidence)
		}
		if got == UnknownProfile && !strings.Contains(evidence, "2.5 and 2.6 differ in how they show a collection") {
			t.Errorf("%s", evidence)
		}
	})
}

func TestRecogniseOldServers(t *testing.T) {
	old := emulator.V24
	old.Success = 200
	k := newCluster(t, old)
	shop(t, k)
	if got, evidence := recognise(t, newClient(t, k.uri, nil)); got != "2.3" || !strings.Contains(evidence, "before 2.4.3") {
		t.Errorf("%s: %s", got, evidence)
	}
}

// The header that tells 3.0 is never a number, and never sent to a 2.4, where
// a number would stay in force for everybody.
func TestRecogniseIsCarefulWithTheTimeout(t *testing.T) {
	overProfiles(t, func(t *testing.T, k *cluster) {
		shop(t, k)
		sent := map[string]int{}
		door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sent[r.Header.Get("Request-Timeout")]++ // one request at a time
			k.ServeHTTP(w, r)
		}))
		defer door.Close()
		recognise(t, newClient(t, door.URL, nil))
		strange := sent["abc"]
		delete(sent, "")
		delete(sent, "abc")
		if len(sent) != 0 || (strange > 0) == (k.Profile().Name == "2.4" || k.Profile().Name == "2.3") {
			t.Errorf("%v, and %d times no number", sent, strange)
		}
	})
}

func TestRecogniseFails(t *testing.T) {
	k := newCluster(t, emulator.V26)
	k.RequireToken("root:Milvus1")
	if _, _, err := Recognise(t.Context(), newClient(t, k.uri, nil)); !IsUnauthenticated(err) {
		t.Errorf("%v", err)
	}
	uri, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) })
	if _, _, err := Recognise(t.Context(), newClient(t, uri, nil)); !IsRouteMissing(err) {
		t.Errorf("%v", err)
	}
}

// Contradictions and answers that say nothing end in "unknown", not in a guess.
func TestRecogniseStrangers(t *testing.T) {
	for _, body := range []string{
		`{"code":0,"data":[]}`, `{"code":65535,"message":"what?"}`, `{"code":0,"data":{"has":false}}`,
	} {
		uri, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", jsonType)
			io.WriteString(w, body)
		})
		if got, evidence := recognise(t, newClient(t, uri, nil)); got != UnknownProfile {
			t.Errorf("%s: %s: %s", body, got, evidence)
		}
	}
}
