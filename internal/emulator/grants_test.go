package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// The transcripts of grants hold each distinct answer once: a line that repeats
// an earlier one, request and answer, was left out, and its number is missing.
// So they are replayed in order, and where a line does not fit, lines from
// before are put back into the gap in front of it. What is put back has to be
// answered as it was recorded.

// leftOut are steps that single lines need and that are recorded nowhere, or too far
// away to be found. They are sent before the line to a copy of the cluster, where each
// has to succeed, and the copy is thrown away after the line.
var leftOut = map[string]map[int][]string{
	"2.4.24": {652: intoGDB},
	"2.5.27": {
		652:  intoGDB,
		722:  {`privilege_groups/drop {"privilegeGroupName":"g_pg"}`},
		1025: slices.Concat(renamedX, []string{`aliases/create {"aliasName":"g_x","collectionName":"g_x2"}`}),
		1041: {`roles/revoke_privilege {"roleName":"g_other","objectType":"Collection","objectName":"g_blue","privilege":"Query"}`, `roles/drop {"roleName":"g_other"}`},
	},
	"2.6-20260724": {585: groupOfX2, 780: renamedX},
	"3.0-20260823": {465: renamedX, 1021: groupOfX2},
}

var (
	intoGDB = []string{
		`collections/create {"collectionName":"g_green","dimension":4}`,
		`collections/rename {"collectionName":"g_green","newCollectionName":"g_green","newDbName":"g_db"}`,
	}
	groupOfX2 = []string{`roles/grant_privilege_v2 {"roleName":"g_r","collectionName":"g_x2","privilege":"CollectionReadOnly"}`}
	renamedX  = []string{
		`collections/create {"collectionName":"g_x","dimension":4}`,
		`roles/grant_privilege {"roleName":"g_r","objectType":"Collection","objectName":"g_x","privilege":"Query"}`,
		`roles/revoke_privilege {"roleName":"g_r","objectType":"Collection","objectName":"g_live","privilege":"Query"}`,
		`collections/rename {"collectionName":"g_x","newCollectionName":"g_x2"}`,
	}
)

// again are lines that were sent to a new server, and left out there because
// the old one had answered the same: before the line of the key, the lines of
// the range are sent.
var again = map[string]map[int][2]int{
	"2.4.24": {1420: {1322, 1360}, 1495: {1185, 1187}, 1711: {1, 1}},
	"2.5.27": {1713: {1, 1}},
}

// mostPutBack is how many lines are put back into one gap.
const mostPutBack = 3

func TestReplayOfGrants(t *testing.T) {
	for release, profile := range recordings() {
		if release == "2.6.18" || release == "3.0-master" {
			continue // never asked about grants
		}
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			var s *gapped
			last, replayed, fresh := 0, 0, false
			lines := transcript(t, release+"-grants")
			for _, want := range lines {
				// 2.4.24 was asked the last part on a new server.
				if again := strings.HasPrefix(want.Section, "fresh server"); s == nil || again && !fresh {
					if fresh = again; s == nil {
						s = &gapped{}
					}
					s.e, s.past = New(profile), nil
					s.e.RequireToken("root:Milvus")
					must(t, s.e.CreateDatabase("g_db")) // before the recording
				}
				if of := again[release][want.N]; of[0] != 0 {
					for _, line := range lines {
						if of[0] <= line.N && line.N <= of[1] {
							if diff := line.diff(s.send(line)); diff != "" {
								t.Errorf("line %d, sent again before %d (-real +emulated)\n%s", line.N, want.N, diff)
							}
						}
					}
				}
				gap := want.N - last - 1
				last = want.N
				if profile.ResolvesGrants {
					s.e.profile.ResolvesGrants = !strings.HasPrefix(want.Section, "resolveAliasForPrivilege false")
				}
				replayed++
				if steps := leftOut[release][want.N]; steps != nil {
					s.gap += gap
					if diff := s.aside(t, steps, want); diff != "" {
						t.Errorf("line %d, %s, %s, after %q: (-real +emulated)\n%s", want.N, want.Section, want.Title, steps, diff)
					}
					continue
				}
				if diff := s.step(want, gap+s.gap); diff != "" {
					t.Errorf("line %d, %s, %s: %s %s (-real +emulated)\n%s", want.N, want.Section, want.Title, want.Path, want.Body, diff)
				}
				s.gap = 0
			}
			t.Logf("%d lines, %d put back", replayed, s.putBack)
			if replayed != len(lines) {
				t.Errorf("only %d of %d lines are replayed", replayed, len(lines))
			}
		})
	}
}

// gapped is a replay of a transcript with gaps.
type gapped struct {
	e       *Emulator
	gap     int        // lines left out or not replayed since the last one
	writes  []recorded // that were answered, newest last
	past    []step
	putBack int
}

// step is a line that was replayed, with the state and the gap before it.
type step struct {
	line   recorded
	before []byte
	gap    int
}

// furthest is how many lines further up a gap may be filled for a line.
const furthest = 4

// recent is how many lines further up something may be missing that only an
// answer about roles shows.
const recent = 40

// step sends a line, after as many earlier ones as it takes.
func (s *gapped) step(want recorded, gap int) (diff string) {
	before := s.e.catalog.encode("")
	s.past = append(s.past, step{want, before, gap})
	diff = want.diff(s.send(want))
	if diff != "" && s.regrant(want) {
		diff = ""
	}
	for up := 1; diff != "" && up <= min(furthest, len(s.past)); up++ {
		from := s.past[len(s.past)-up:]
		var lines []recorded
		for _, past := range from {
			lines = append(lines, past.line)
		}
		candidates := s.candidates(want)
		for depth := 1; diff != "" && depth <= min(from[0].gap, mostPutBack); depth++ {
			s.restore(from[0].before)
			if depth == mostPutBack {
				candidates = candidates[max(0, len(candidates)-25):]
			}
			if s.search(lines, candidates, depth) {
				s.putBack += depth
				diff = ""
			}
		}
	}
	if diff != "" {
		s.restore(before)
		s.send(want)
	}
	if want.aboutRoles() || string(s.e.catalog.encode("")) != string(before) {
		s.writes = append(s.writes, want)
	}
	return diff
}

// aside sends a line to a copy of the cluster, after some steps.
func (s *gapped) aside(t *testing.T, steps []string, want recorded) (diff string) {
	before := s.e.catalog.encode("")
	defer s.restore(before)
	for _, text := range steps {
		route, body, _ := strings.Cut(text, " ")
		step := want
		step.Path, step.Body, step.Header = "/v2/vectordb/"+route, body, map[string]string{"Authorization": "Bearer root:Milvus"}
		if got := s.send(step); !strings.HasPrefix(got.Response, `{"code":0,`) {
			t.Errorf("%s, before line %d: %s", text, want.N, got.Response)
		}
	}
	return want.diff(s.send(want))
}

// candidates are the earlier lines that can matter to one: who may do what to
// those that ask about it, and collections to all.
func (s *gapped) candidates(want recorded) []recorded {
	if !want.aboutRoles() && want.Header["Authorization"] != "Bearer root:Milvus" {
		return s.writes
	}
	var found []recorded
	for _, line := range s.writes {
		if line.aboutRoles() == want.aboutRoles() {
			found = append(found, line)
		}
	}
	return found
}

func (r recorded) aboutRoles() bool {
	room, _, _ := strings.Cut(strings.TrimPrefix(r.Path, "/v2/vectordb/"), "/")
	return room == "roles" || room == "users" || room == "privilege_groups"
}

// regrant puts grants and revocations back before a line that shows what a role
// may do, each of which brings the answer nearer. A role is dropped when it may
// do nothing: the recording revoked what it found then.
func (s *gapped) regrant(want recorded) bool {
	gap := 0
	for _, past := range s.past[max(0, len(s.past)-recent):] {
		gap += past.gap
	}
	ask, wanted := want, want
	if strings.HasSuffix(want.Path, "roles/drop") {
		ask.Path = strings.Replace(want.Path, "drop", "describe", 1)
		ask.Body = strings.Replace(want.Body, "{", `{"dbName":"*",`, 1)
		wanted = ask
		wanted.Response = `{"data":[]}`
	} else if !strings.HasSuffix(want.Path, "roles/describe") {
		return false
	}
	before := s.e.catalog.encode("")
	candidates, used := s.candidates(want), 0
	for i := len(candidates) - 1; i >= 0 && used < gap; i-- {
		now, distance := s.e.catalog.encode(""), s.send(ask).distance(wanted)
		if distance == 0 {
			break
		}
		if again := candidates[i]; again.diff(s.send(again)) == "" && s.send(ask).distance(wanted) < distance {
			used++
			continue
		}
		s.restore(now)
	}
	if want.diff(s.send(want)) == "" {
		s.putBack += used
		return true
	}
	s.restore(before)
	return false
}

// distance is how many entries one list has and the other has not.
func (r recorded) distance(wanted recorded) int {
	count := map[string]int{}
	for line, sign := range map[*recorded]int{&r: 1, &wanted: -1} {
		var list struct {
			Data []map[string]string `json:"data"`
		}
		if json.Unmarshal([]byte(line.Response), &list) != nil {
			return 1 << 20
		}
		for _, entry := range list.Data {
			count[fmt.Sprint(entry)] += sign
		}
	}
	total := 0
	for _, n := range count {
		total += max(n, -n)
	}
	return total
}

// search tries to put back some lines before others; the cluster is left as they
// make it.
func (s *gapped) search(lines, candidates []recorded, depth int) bool {
	before := s.e.catalog.encode("")
	for i := len(candidates) - 1; i >= 0; i-- {
		again := candidates[i]
		fits := again.diff(s.send(again)) == "" && string(s.e.catalog.encode("")) != string(before)
		if fits && depth > 1 {
			fits = s.search(lines, candidates, depth-1)
		} else if fits {
			for _, line := range lines {
				fits = fits && line.diff(s.send(line)) == ""
			}
		}
		if fits {
			return true
		}
		s.restore(before)
	}
	return false
}

func (s *gapped) restore(to []byte) {
	if _, err := s.e.catalog.decode(to); err != nil {
		panic(err)
	}
}

// send answers a line in place, and lets no load take its time.
func (s *gapped) send(line recorded) recorded {
	s.e.profile.QuickLoad = 0
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, line.Path, strings.NewReader(line.Body))
	r.Header.Set("Authorization", line.Header["Authorization"])
	if name, password, _ := strings.Cut(strings.TrimPrefix(line.Header["Authorization"], "Bearer "), ":"); name != rootUser {
		s.e.access.setPassword(name, password) // which no state holds
	}
	s.e.ServeHTTP(w, r)
	line.Status, line.ContentType, line.Response = w.Code, w.Header().Get("Content-Type"), w.Body.String()
	return line
}
