// Package miniapp is the Alipay mini-program as a language: what the client
// sends becomes a happening, and the present step of a case becomes a view that
// the client draws without knowing the manual.
//
// # Rules of speech
//
// A view says one step whole, so that a client which lost everything is up to
// date after one question. It never carries what opens a door or proves a
// person: no password, no code that was typed, no identity number, no account
// at a bank; a value is shown only where the manual shows it and does not ask
// for it, or where it was proposed and not sent in yet. Whoever reads a view holds Alipay in their hand: what the manual says
// about scanning a code is said as a button to press.
//
// An answer is one of three: text, a tapped choice, or a page. It carries the
// nonce of the view that it answers, so that two deliveries are one event.
// [Parse] refuses everything else, and what is longer than a person types; it
// judges no answer, which is the manual's business. The package knows no
// transport and keeps nothing.
package miniapp
