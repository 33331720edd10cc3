package cutover

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// traffic is readers at work.
type traffic struct {
	service    *service
	stop       chan struct{}
	once       sync.Once
	work       sync.WaitGroup
	gaps, gone atomic.Int64 // so far
	forgotten  atomic.Int64 // the old collection answered long after every lag

	mu   sync.Mutex
	seen sightings
}

// sightings are what readers saw.
type sightings struct {
	readers, reads int
	gaps           int // the alias was not there
	gone           int // its collection was not there any more
	others         int // anything else
	first          string
	longestGap     time.Duration
	// mixed is how many rounds saw the group in two generations, and
	// longestMixed for how long a reader saw nothing else.
	mixed        int
	longestMixed time.Duration
	// longestStale is how long after a switch the generation before it still
	// answered.
	longestStale time.Duration
}

func (s sightings) failed() int { return s.gaps + s.gone + s.others }

func (s sightings) String() string {
	text := fmt.Sprintf("%d reads on %d connections: %d met a gap, %d a dropped collection, %d failed otherwise; "+
		"they saw the group mixed %d times, for at most %v; the old collection answered for at most %v after a switch",
		s.reads, s.readers, s.gaps, s.gone, s.others, s.mixed, s.longestMixed.Round(10*time.Microsecond), s.longestStale.Round(10*time.Microsecond))
	if s.gaps > 0 {
		text += fmt.Sprintf("; the longest gap was %v", s.longestGap.Round(10*time.Microsecond))
	}
	return text
}

// readThroughAll starts readers through every proxy.
func (s *service) readThroughAll(perProxy int) *traffic {
	s.t.Helper()
	t := &traffic{service: s, stop: make(chan struct{})}
	s.t.Cleanup(func() { t.end() })
	for _, proxy := range s.proxies {
		for range perProxy {
			address := strings.TrimPrefix(proxy, "http://")
			conn, err := net.Dial("tcp", address)
			if err != nil {
				s.t.Fatal(err)
			}
			r := &reader{traffic: t, address: address, conn: conn, from: bufio.NewReader(conn)}
			t.work.Go(r.run)
		}
	}
	return t
}

// end stops the readers and returns what all of them saw.
func (t *traffic) end() sightings {
	t.once.Do(func() { close(t.stop) })
	t.work.Wait()
	return t.seen
}

// reader is one connection. It speaks HTTP as barely as it can: readers and
// cluster share the machine.
type reader struct {
	*traffic
	address string
	conn    net.Conn
	from    *bufio.Reader
	saw     sightings
}

// run reads every alias in turn, by query and by search, until it is told to
// stop.
func (r *reader) run() {
	defer r.conn.Close()
	r.saw.readers = 1
	var gapSince, mixedSince time.Time
	for round := 0; ; round++ {
		select {
		case <-r.stop:
			r.hand()
			return
		default:
		}
		var generations []int
		started := time.Now()
		for _, alias := range servedAliases {
			asked := time.Now()
			generation, ok := r.read(alias, round%2 == 1)
			if !ok && gapSince.IsZero() {
				gapSince = asked
			} else if ok && !gapSince.IsZero() {
				r.saw.longestGap = max(r.saw.longestGap, time.Since(gapSince))
				gapSince = time.Time{}
			}
			if ok && slices.Contains(groupAliases, alias) {
				generations = append(generations, generation)
			}
		}
		slices.Sort(generations)
		if len(slices.Compact(generations)) < 2 {
			mixedSince = time.Time{}
			continue
		}
		if mixedSince.IsZero() {
			mixedSince = started
		}
		r.saw.mixed++
		r.saw.longestMixed = max(r.saw.longestMixed, time.Since(mixedSince))
	}
}

// hand adds what this reader saw to what all of them saw.
func (r *reader) hand() {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := &r.seen
	all.readers += r.saw.readers
	all.reads += r.saw.reads
	all.gaps += r.saw.gaps
	all.gone += r.saw.gone
	all.others += r.saw.others
	all.mixed += r.saw.mixed
	all.longestGap = max(all.longestGap, r.saw.longestGap)
	all.longestMixed = max(all.longestMixed, r.saw.longestMixed)
	all.longestStale = max(all.longestStale, r.saw.longestStale)
	if all.first == "" {
		all.first = r.saw.first
	}
}

// read is one query or search through an alias. It returns the generation that
// answered.
func (r *reader) read(alias string, search bool) (generation int, ok bool) {
	route, body := "query", fmt.Sprintf(`{"collectionName":%q,"filter":"id >= 0","limit":1,"outputFields":["generation"]}`, alias)
	if search {
		route, body = "search", fmt.Sprintf(`{"collectionName":%q,"data":[[1,0,0,0,0,0,0,0]],"limit":1,"outputFields":["generation"]}`, alias)
	}
	asked, landed, gone := time.Now(), r.service.landed.Load(), r.service.dropped.Load()
	r.saw.reads++
	text, err := r.post("/v2/vectordb/entities/"+route, body)
	var answer struct {
		Code    int
		Message string
		Data    []struct{ Generation int }
	}
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	switch {
	case err != nil:
		r.fail(&r.saw.others, alias, err.Error())
	case answer.Code == 100 && strings.Contains(answer.Message, "[collection="+alias+"]"):
		r.gaps.Add(1)
		r.fail(&r.saw.gaps, alias, answer.Message)
	case answer.Code == 100:
		r.gone.Add(1)
		r.fail(&r.saw.gone, alias, answer.Message)
	case answer.Code != 0 || len(answer.Data) != 1:
		r.fail(&r.saw.others, alias, string(text))
	case answer.Data[0].Generation <= int(gone):
		r.gone.Add(1)
		r.fail(&r.saw.gone, alias, fmt.Sprintf("generation %d answered after it was dropped", answer.Data[0].Generation))
	default:
		generation = answer.Data[0].Generation
		if landed != nil && generation != landed.generation && landed == r.service.landed.Load() {
			stale := asked.Sub(landed.at)
			r.saw.longestStale = max(r.saw.longestStale, stale)
			if stale > 2*longestLag {
				r.forgotten.Add(1)
			}
		}
		return generation, true
	}
	return 0, false
}

func (r *reader) fail(count *int, alias, why string) {
	*count++
	if r.saw.first == "" {
		r.saw.first = fmt.Sprintf("%s: %s", alias, why)
	}
}

func (r *reader) post(path, body string) ([]byte, error) {
	if _, err := fmt.Fprintf(r.conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		path, r.address, len(body), body); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(r.from, nil)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}
