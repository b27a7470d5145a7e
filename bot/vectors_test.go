// Vectors published by WeChat and by other implementations; where each comes
// from stands beside it.

package bot

import "certdesk/flows"

const (
	key1 = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	keyA = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

// vector is one message in its envelope. What a source does not give is empty.
type vector struct {
	name      string
	key       flows.Secret
	token     string
	appID     string
	timestamp string
	nonce     string
	random    string
	signature string // over token, timestamp and nonce
	signed    string // msg_signature
	encrypted string
	size      int      // length of the message
	contains  []string // of the message
}

var vectors = []vector{
	{
		name: "V1, sample test of WXBizMsgCrypt",
		key:  flows.Conceal(key1), appID: "wxb11529c136998cb6", random: "aaaabbbbccccdddd",
		encrypted: "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==",
		size:      19, contains: []string{"我是中文abcd123"},
	},
	{
		name: "V2, sample demo of WXBizMsgCrypt",
		key:  flows.Conceal(key1), token: "spamtest", appID: "wx2c2769f8efd9abc2",
		timestamp: "1409735669", nonce: "1320562132", random: "89465c840c5f116f",
		signed: "5d197aaffba7e9b25a30732f161a50dee96bd5fa",
		encrypted: "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXpbUAh" +
			"0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlpKn6NPhRjpA91" +
			"2xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6OewpusjZ" +
			"4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE=",
		contains: []string{"abcdteT", "6054768590064713728"},
	},
	{
		name: "V3, tests of wechatpy",
		key:  flows.Conceal("kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"), token: "123456", appID: "wx49f0ab532d5d035a",
		timestamp: "1411443780", nonce: "437374425",
		signed:    "dd6b9c95b495b3f7e2901bfbc76c664930ffdb96",
		encrypted: "4ByGGj+sVCYcvGeQYhaKIk1o0pQRNbRjxybjTGblXrBaXlTXeOo1+bXFXDQQb1o6co6Yh9Bv41n7hOchLF6p+Q==",
		size:      19, contains: []string{"5927782489442352469"},
	},
	{
		name: "V5, verification of an address in WeChat's guide",
		key:  flows.Conceal(keyA), token: "AAAAA", timestamp: "1714036504", nonce: "1514711492",
		signature: "f464b24fc39322e44b38aa78f5edd27bd1441696",
	},
	{
		name: "V6, plain push in WeChat's guide",
		key:  flows.Conceal(keyA), token: "AAAAA", timestamp: "1714037059", nonce: "486452656",
		signature: "899cf89e464efb63f54ddac96b0a0a235f53aa78",
	},
	{
		name: "V7, safe push in WeChat's guide",
		key:  flows.Conceal(keyA), token: "AAAAA", appID: "wxba5fad812f8e6fb9",
		timestamp: "1714112445", nonce: "415670741", random: "a8eedb185eb2fecf",
		signature: "6c5c811b55cc85e0e1b54100749188c20beb3f5d",
		signed:    "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
		encrypted: "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT" +
			"740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P5" +
			"0F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=",
		size: 167, contains: []string{"debug_demo", "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"},
	},
	{
		name: "V8, answer in WeChat's guide",
		key:  flows.Conceal(keyA), token: "AAAAA", appID: "wxba5fad812f8e6fb9",
		timestamp: "1713424427", nonce: "415670741", random: "707722b803182950",
		signed:    "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1",
		encrypted: "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==",
		size:      25, contains: []string{`{"demo_resp":"good luck"}`},
	},
	{
		name: "V9, safe push in the guide for third-party platforms",
		key:  flows.Conceal(keyA), token: "AAAAA", appID: "wx134c8103faa5a59e",
		timestamp: "1715943329", nonce: "1590219412", random: "1205899eaf019bbd",
		signature: "cc0c594499c1634947d5b502f158ee518947db27",
		signed:    "6c12a4205838198b8fa631b3220723bb07f1015c",
		encrypted: "D7yzvUNAL930rd28wf21s4hvXhz0L6Uit/p2Di6C5DHyYGpEgdBRnKjBec34JwoQXicwaZC7fOVihW80F4VtsdvE//1vr7oAbqjDv8KenVp+ajKYpJny" +
			"Q4zMRhIC+a31fCVOMC03FfzV/QuC94kBP55a+Za3sJgvAn+ZbsNqZI5DkyuzkhQN8OBqCzFhizGmy0xpM0MEA4agpvE+RuNO1rhHTtuJB5yltw1FiYzecSXJ" +
			"+y/D2r81VkRn2eYjh2ltsoyfbDR7Is6ookXIFxTfyeNyeHxMeT4KN5WpCDmSbTcUYrbBUlkGLJ9n/rU8YOywma6G7aTb7KZKOqCxgfoUlYEZPk4FUL/TK7Sh" +
			"riFDMVCLyjQJ15Ob++agDWtcxhfUfe6HIoIpRW8mKNBQiY/Jd1svvuskA1wLef1RTtzKfMpagSCX/laZINmdnX4zrF6kIaR9P4xQrWXbsTFHTYe0Mg==",
		size: 292,
	},
	{
		name: "V10, answer in the guide for third-party platforms",
		key:  flows.Conceal(keyA), token: "AAAAA", appID: "wx134c8103faa5a59e",
		timestamp: "1713424427", nonce: "415670741", random: "999951349e8ee746",
		signed: "03e0812039325c2712ef5f0f980fd14c70d6e307",
		encrypted: "hE8R6mGXHkJJjU72KxzKUd1GEkKJaEZq7vRL8XgK3o+00k8JGq6+pZJUIlTSyhsX+bxIBQ72g3GyvDdIZcr6+3HAZbSvPT9t/o11MI7d6WELwqrGd7jM" +
			"nV0zv3Zc9Nq7",
		contains: []string{"<xml><demo_resp>[CDATA[good luck]]</demo_resp></xml>"},
	},
	{
		name: "V11, agreed by four implementations",
		key:  flows.Conceal(key1), token: "tok3n", appID: "wx1234567890abcdef",
		timestamp: "1700000000", nonce: "987654321", random: "0123456789abcdef",
		signature: "369abd291fe54024ccd08c85b44bff3d867e27cc",
		signed:    "f56841abdc1bd1c24182e344d608e018f553ec9b",
		encrypted: "Q3stYC6hdFzMh9T8HCvyDHNqGeD9Via/xJQR/93zVgU3szq/eGnXUK7DJkCKkshrVSAjbzcQV0OnMKhB5DXyAPW0HVR37fDKFFoZ8sIzZsMlNR/yCMg9" +
			"p8JvNXGomia7Dipydgf3a0aaa33f9Sij6x1xL3734qcOmvJqr6emvmZbkDmCS9byzUX+snpGsEh14J2K6L/1X2pfi5V/4pmz4T5ibDr5Kc2JeMkjyyXeicK/" +
			"97gbbtNem7mXosYPKvgCwzJhU0H+1+MxsZ4gzbUX/nTOFsLbbiObH/vdnRbd74tcuV/LqyM73yldADQfLyBAOkB2KLebNz3G9c+x7ULTw7fQMOGY5szjm/Jb" +
			"kwE4lMIg1IGh1kSzdek3sjzzRIlGygzV2B7XUlfk+LB3zlvNbg5HJxiYmU/H5+/Hrwz9ck0wJd+HsPze/nF3YaDfJ2KzHqe/bDxjxXBQI+yBbB5JDQ==",
		size: 309, contains: []string{"办理证书", "<bizmsgmenuid>101</bizmsgmenuid>"},
	},
}
