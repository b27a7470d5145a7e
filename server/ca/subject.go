// This file writes a verified holder as an X.509 name.

package ca

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"fmt"

	"certdesk/flows"
)

// Attribute types, X.520.
var (
	oidCommonName   = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidCountry      = asn1.ObjectIdentifier{2, 5, 4, 6}
	oidOrganisation = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidOrgID        = asn1.ObjectIdentifier{2, 5, 4, 97} // organizationIdentifier
)

// maxName is the X.520 upper bound of a common name, in characters; longer
// names of organisations exist, and authorities here take up to this.
const maxName = 128

type name struct {
	parts pkix.RDNSequence
	der   []byte
}

// nameOf makes C=CN, CN=<name> for a person, and C=CN, O=<name>,
// organizationIdentifier=<credit code>, CN=<name> for an organisation. The
// handler is not written into the certificate: it speaks of the organisation.
// Names that are not ASCII become UTF8String.
func nameOf(s flows.Subject) (name, error) {
	holder := s.Name.Reveal()
	if n := len([]rune(holder)); n == 0 || n > maxName {
		return name{}, fmt.Errorf("%w: the subject's name has %d characters", ErrRequest, n)
	}
	parts := pkix.RDNSequence{one(oidCountry, "CN")}
	if s.Organisation {
		if s.CreditCode == "" {
			return name{}, fmt.Errorf("%w: the organisation has no credit code", ErrRequest)
		}
		parts = append(parts, one(oidOrganisation, holder), one(oidOrgID, s.CreditCode))
	}
	parts = append(parts, one(oidCommonName, holder))
	der, err := asn1.Marshal(parts)
	if err != nil {
		return name{}, fmt.Errorf("%w: the subject cannot be written", ErrRequest)
	}
	return name{parts: parts, der: der}, nil
}

func one(kind asn1.ObjectIdentifier, value string) pkix.RelativeDistinguishedNameSET {
	return pkix.RelativeDistinguishedNameSET{{Type: kind, Value: value}}
}

func base64Of(der []byte) string { return base64.StdEncoding.EncodeToString(der) }
