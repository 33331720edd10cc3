// Package delay is a network in between: a proxy on loopback that passes
// everything on, later.
package delay

import (
	"errors"
	"io"
	"net"
	"time"
)

// Proxy accepts connections for a server.
type Proxy struct {
	listener net.Listener
	to       string
	by       time.Duration
}

// Listen returns a proxy on a free port in front of the server at the address
// to. What a client sends arrives by later than it was sent, and answers come
// back at once: a round trip takes that much longer. Connecting does not.
func Listen(to string, by time.Duration) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: listener, to: to, by: by}
	go p.serve()
	return p, nil
}

// Address is where the proxy listens.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Close ends the listening; connections that are open live on.
func (p *Proxy) Close() error { return p.listener.Close() }

func (p *Proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.connect(client)
	}
}

func (p *Proxy) connect(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		defer client.Close()
		defer server.Close()
		_, _ = io.Copy(client, server) // an error is the end of the connection
	}()
	p.late(server, client)
}

// chunk is what was read in one piece, and when it is to arrive.
type chunk struct {
	data []byte
	due  time.Time
}

// late passes on what is read, in order, each piece by the delay later. Pieces
// wait side by side: a delay is not a narrow line.
func (p *Proxy) late(to, from net.Conn) {
	chunks := make(chan chunk, 1024)
	go func() {
		defer close(chunks)
		for {
			buffer := make([]byte, 4096)
			n, err := from.Read(buffer)
			if n > 0 {
				chunks <- chunk{buffer[:n], time.Now().Add(p.by)}
			}
			if err != nil {
				return
			}
		}
	}()
	var failed error
	for c := range chunks {
		if failed != nil {
			continue // lets the reader end
		}
		time.Sleep(time.Until(c.due))
		if _, failed = to.Write(c.data); errors.Is(failed, net.ErrClosed) {
			from.Close()
		}
	}
}
