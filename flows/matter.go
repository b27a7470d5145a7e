package flows

// What news is about: channels that carry only prepared forms have one for each.

// Matter is what something that is said is about.
type Matter string

// News outlasts the time in which a chat may be written to: a proof, a parcel
// and an activation take days. Everything else is progress.
const (
	MatterProgress   Matter = ""
	MatterIdentity   Matter = "identity"
	MatterPayment    Matter = "payment"
	MatterDelivery   Matter = "delivery"
	MatterActivation Matter = "activation"
)

var matters = map[Kind]Matter{
	KindFaceOpened: MatterIdentity, KindFaceRefused: MatterIdentity, KindFaceDone: MatterIdentity, KindFaceNotYet: MatterIdentity,
	KindNameDiffers: MatterIdentity, KindNotRepresentative: MatterIdentity, KindRepresentativeNamed: MatterIdentity,
	KindTransferOpened: MatterIdentity, KindTransferWrong: MatterIdentity, KindTransferNotYet: MatterIdentity,
	KindBranchesFound: MatterIdentity, KindBranchesUnknown: MatterIdentity,
	KindPayoutSent: MatterIdentity, KindPayoutRefused: MatterIdentity, KindPayoutNotYet: MatterIdentity, KindAmountWrong: MatterIdentity,
	KindGrantOpened: MatterIdentity, KindGrantRefused: MatterIdentity, KindGrantNotYet: MatterIdentity,
	KindCompanyProved: MatterIdentity, KindCompanyUnproved: MatterIdentity, KindProofLapsed: MatterIdentity,

	KindOrdered: MatterPayment, KindPayOpened: MatterPayment, KindPayRefused: MatterPayment, KindPayNotYet: MatterPayment, KindPaid: MatterPayment,

	KindBooked: MatterDelivery, KindShipped: MatterDelivery, KindParcelMoved: MatterDelivery, KindDelivered: MatterDelivery, KindParcelTrouble: MatterDelivery,

	KindTicketReady: MatterActivation, KindKeyStep: MatterActivation, KindActivated: MatterActivation,
}

// MatterOf tells what is said because of something.
func MatterOf(what Happening) Matter { return matters[what.Kind()] }
