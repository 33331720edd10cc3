package emulator

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// BenchmarkReads measures aliases/describe over loopback with connections that
// are kept alive; the client is as bare as possible, because it shares the
// machine with the server. The metric reads/s is what the README quotes.
func BenchmarkReads(b *testing.B) {
	e := New(V26)
	must(b, e.CreateCollection(DefaultDatabase, "products_v1"))
	for i := range 1000 {
		must(b, e.CreateAlias(DefaultDatabase, fmt.Sprintf("alias_%d", i), "products_v1"))
	}
	address := strings.TrimPrefix(serve(b, e), "http://")
	body := `{"aliasName":"alias_7"}`
	request := []byte(fmt.Sprintf("POST /v2/vectordb/aliases/describe HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		address, len(body), body))

	b.ReportAllocs()
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		from := bufio.NewReader(conn)
		for pb.Next() {
			conn.Write(request)
			response, err := http.ReadResponse(from, nil)
			if err != nil {
				b.Error(err)
				return
			}
			io.Copy(io.Discard, response.Body)
			if response.StatusCode != http.StatusOK {
				b.Errorf("status %d", response.StatusCode)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reads/s")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
