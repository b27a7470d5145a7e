// This file puts the authority on the network, and makes it fail on demand.

package catest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// Fault is a way to go wrong for one call.
type Fault string

// The faults.
const (
	Down       Fault = "down"        // the connection breaks before anything happens
	Error500   Fault = "500"         // the authority says that it is out of order
	Timeout    Fault = "timeout"     // no answer until the caller gives up
	LostAnswer Fault = "lost answer" // the certificate is issued, and the connection breaks
)

// Fail makes the next calls go wrong, after those already ordered.
func (c *CA) Fail(f Fault, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range times {
		c.faults = append(c.faults, f)
	}
}

func (c *CA) nextFault() Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.faults) == 0 {
		return ""
	}
	f := c.faults[0]
	c.faults = c.faults[1:]
	return f
}

type served struct {
	web  *http.Server
	cut  context.CancelFunc // ends the calls in hand
	done chan error
}

// Start listens on addr ("127.0.0.1:0" for any port) and returns the
// "https://..." address. The server's certificate is made on the spot by the
// root, for the address, 127.0.0.1 and localhost. [CA.Close] ends it.
func (c *CA) Start(addr string) (string, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("catest: listen: %w", err)
	}
	cert, err := c.serverCert(listener.Addr())
	if err != nil {
		listener.Close()
		return "", err
	}
	base, cut := context.WithCancel(context.Background())
	s := &served{
		web: &http.Server{
			Handler:           c,
			BaseContext:       func(net.Listener) context.Context { return base },
			ReadHeaderTimeout: 10 * time.Second,
			TLSConfig:         &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
			ErrorLog:          log.New(io.Discard, "", 0), // dropped connections are what faults are for
		},
		cut:  cut,
		done: make(chan error, 1),
	}
	c.mu.Lock()
	c.served = s
	c.mu.Unlock()
	go func() { s.done <- s.web.ServeTLS(listener, "", "") }()
	return "https://" + listener.Addr().String(), nil
}

// Close stops the server and waits for it, cutting calls in hand. The
// directory keeps everything; Open finds it again.
func (c *CA) Close() error {
	c.mu.Lock()
	s := c.served
	c.served = nil
	c.mu.Unlock()
	if s == nil {
		return nil
	}
	s.cut()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.web.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("catest: %w", err), s.web.Close())
	}
	if err := <-s.done; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("catest: %w", err)
	}
	return nil
}

func (c *CA) serverCert(addr net.Addr) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("catest: server key: %w", err)
	}
	serial, err := newSerial()
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "certdesk lab EST"},
		NotBefore:    c.now().Add(-time.Hour),
		NotAfter:     c.now().AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	if tcp, ok := addr.(*net.TCPAddr); ok {
		template.IPAddresses = append(template.IPAddresses, tcp.IP)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, c.root, &key.PublicKey, c.rootKey)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("catest: server certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
