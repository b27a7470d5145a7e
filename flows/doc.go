// Package flows is the operations manual of the certificate desk, written as
// data. A Chapter is one section of the manual; a Step is one paragraph of it;
// an Exit is one sentence of the form "when this happens, do that and go
// there".
//
// The package is pure: it imports the standard library only, reads no clock,
// draws no random number and performs no I/O. Time and identifiers arrive
// inside an [Event], and whatever must be done to the world leaves as an
// [Effect]. [Flow.Decide] is the only code that interprets the table, and it
// can leave a step only through a row, so that the diagram, the printed manual
// and the checker cannot disagree with what a customer meets.
//
// What customers ask besides is in faq.txt, and how they say it in faqwords.go.
// A question is answered in any step and leaves the case where it stands.
//
// # How to add a step
//
// Write the paragraph in its chapter: where it waits, what it asks, what it
// says when somebody needs help, and its exits from the specific to the
// general. Write a transcript in testdata/talks that walks each exit. Run
// "make manual" and read the diff of the generated files. If a fourth place has
// to change, the layout has failed: say so in review.
package flows
