package redistest

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Fault is what becomes of answers on their way back. What was asked has been
// done by then.
type Fault string

// The faults.
const (
	None    Fault = ""
	Cut     Fault = "cut"     // the connection ends in the place of the answer
	Halve   Fault = "halve"   // the connection ends in the middle of the answer
	Swallow Fault = "swallow" // no answer comes, and the connection stays
	Delay   Fault = "delay"   // the answer comes after Late
)

// Late is how long a delayed answer takes.
const Late = 300 * time.Millisecond

// Proxy stands between a client and a server.
type Proxy struct {
	Address string

	mu    sync.Mutex
	fault Fault
	times int
	conns []net.Conn
}

// Between starts one in front of a server.
func Between(t testing.TB, server string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Address: l.Addr().String()}
	var all sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		p.mu.Lock()
		for _, c := range p.conns {
			_ = c.Close()
		}
		p.mu.Unlock()
		all.Wait()
	})
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			upstream, err := net.Dial("tcp", server)
			if err != nil {
				_ = client.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, client, upstream)
			p.mu.Unlock()
			all.Go(func() { _, _ = io.Copy(upstream, client); _ = upstream.Close() })
			all.Go(func() { p.answers(client, upstream) })
		}
	})
	return p
}

// Spoil has the next answers go wrong.
func (p *Proxy) Spoil(fault Fault, times int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.times = fault, times
}

func (p *Proxy) next() Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.times == 0 {
		return None
	}
	p.times--
	return p.fault
}

// answers carries what the server says to the client.
func (p *Proxy) answers(client, server net.Conn) {
	defer client.Close()
	defer server.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		answer := buffer[:n]
		switch p.next() {
		case Cut:
			return
		case Halve:
			_, _ = client.Write(answer[:n/2])
			return
		case Swallow:
			continue
		case Delay:
			time.Sleep(Late)
		}
		if _, err := client.Write(answer); err != nil {
			return
		}
	}
}
