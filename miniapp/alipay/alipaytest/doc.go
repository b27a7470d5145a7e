// Package alipaytest is the Alipay gateway's stand-in: it speaks the real
// protocol on /gateway.do with keys of its own, plays the people who scan, show
// their faces and pay, and sends payment notifications until they are
// acknowledged.
//
// It refuses what Alipay refuses, in Alipay's order and with Alipay's codes,
// and it believes no request whose signature it has not verified with its own
// code: it shares none with the client that it checks. It promises to keep its
// books over a restart when it is given a directory, and to keep in them no
// name and no identity number, only a digest to compare with.
//
// Not covered: page and wap payments, transfers, bills, content encryption of calls.
package alipaytest
