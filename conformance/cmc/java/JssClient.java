import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import org.mozilla.jss.CryptoManager;
import org.mozilla.jss.asn1.ANY;
import org.mozilla.jss.asn1.ASN1Template;
import org.mozilla.jss.asn1.ASN1Util;
import org.mozilla.jss.asn1.ASN1Value;
import org.mozilla.jss.asn1.ENUMERATED;
import org.mozilla.jss.asn1.INTEGER;
import org.mozilla.jss.asn1.OBJECT_IDENTIFIER;
import org.mozilla.jss.asn1.OCTET_STRING;
import org.mozilla.jss.asn1.SEQUENCE;
import org.mozilla.jss.asn1.SET;
import org.mozilla.jss.asn1.UTF8String;
import org.mozilla.jss.crypto.DigestAlgorithm;
import org.mozilla.jss.crypto.PrivateKey;
import org.mozilla.jss.crypto.SignatureAlgorithm;
import org.mozilla.jss.crypto.X509Certificate;
import org.mozilla.jss.pkcs10.CertificationRequest;
import org.mozilla.jss.pkix.cert.Certificate;
import org.mozilla.jss.pkix.cmc.CMCCertId;
import org.mozilla.jss.pkix.cmc.GetCert;
import org.mozilla.jss.pkix.cmc.IdentityProofV2;
import org.mozilla.jss.pkix.cmc.LraPopWitness;
import org.mozilla.jss.pkix.cmc.OtherReqMsg;
import org.mozilla.jss.pkix.cmc.PKIData;
import org.mozilla.jss.pkix.cmc.PopLinkWitnessV2;
import org.mozilla.jss.pkix.cmc.RevokeRequest;
import org.mozilla.jss.pkix.cmc.TaggedAttribute;
import org.mozilla.jss.pkix.cmc.TaggedCertificationRequest;
import org.mozilla.jss.pkix.cmc.TaggedRequest;
import org.mozilla.jss.pkix.cms.ContentInfo;
import org.mozilla.jss.pkix.cms.EncapsulatedContentInfo;
import org.mozilla.jss.pkix.cms.IssuerAndSerialNumber;
import org.mozilla.jss.pkix.cms.SignedData;
import org.mozilla.jss.pkix.cms.SignerIdentifier;
import org.mozilla.jss.pkix.cms.SignerInfo;
import org.mozilla.jss.pkix.crmf.CertReqMsg;
import org.mozilla.jss.pkix.primitive.AlgorithmIdentifier;

/**
 * A CMC client on JSS, as Dogtag's CMCRequest is one, with what that one writes otherwise than the RFC: a bare Name in
 * getCert, a SEQUENCE around the issuer in confirmCertAcceptance, no signingTime. Its argument is an NSS database with
 * the signers. The lines it reads are those of BouncyCastleClient; a signer is named by its nickname.
 */
public final class JssClient {
    private static final HexFormat HEX = HexFormat.of();
    private static final OBJECT_IDENTIFIER PKI_DATA = new OBJECT_IDENTIFIER("1.3.6.1.5.5.7.12.2");
    private static final OBJECT_IDENTIFIER SHA256 = new OBJECT_IDENTIFIER("2.16.840.1.101.3.4.2.1");
    private static final OBJECT_IDENTIFIER HMAC_SHA256 = new OBJECT_IDENTIFIER("1.2.840.113549.2.9");

    private SEQUENCE controls = new SEQUENCE();
    private SEQUENCE requests = new SEQUENCE();

    public static void main(String[] arguments) throws Exception {
        CryptoManager.initialize(arguments[0]);
        JssClient client = new JssClient();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String answer;
            try {
                answer = client.answer(line.split(" "));
            } catch (Exception error) {
                answer = "error " + error.toString().replace('\n', ' ');
            }
            System.out.println(answer);
        }
    }

    private String answer(String[] words) throws Exception {
        switch (words[0]) {
            case "message":
                controls = new SEQUENCE();
                requests = new SEQUENCE();
                return "ok";
            case "control":
                OBJECT_IDENTIFIER type = new OBJECT_IDENTIFIER(words[2]);
                controls.addElement(new TaggedAttribute(new INTEGER(words[1]), type, value(type, words)));
                return "ok";
            case "pkcs10":
                CertificationRequest csr = (CertificationRequest) decoded(CertificationRequest.getTemplate(), words[2]);
                TaggedCertificationRequest tcr = new TaggedCertificationRequest(new INTEGER(words[1]), csr);
                requests.addElement(new TaggedRequest(TaggedRequest.PKCS10, tcr, null));
                return "ok";
            case "crmf":
                CertReqMsg crm = (CertReqMsg) decoded(CertReqMsg.getTemplate(), words[1]);
                requests.addElement(new TaggedRequest(TaggedRequest.CRMF, null, crm));
                return "ok";
            case "other":
                ANY nothing = new ANY(new byte[] {5, 0});
                OtherReqMsg orm =
                        new OtherReqMsg(new INTEGER(words[1]), new OBJECT_IDENTIFIER(words[2]), nothing);
                requests.addElement(new TaggedRequest(TaggedRequest.OTHER, null, null, orm));
                return "ok";
            case "encode":
                PKIData data = new PKIData(controls, requests, new SEQUENCE(), new SEQUENCE());
                return "ok " + HEX.formatHex(ASN1Util.encode(data));
            case "sign":
                return "ok " + HEX.formatHex(sign(words[1], HEX.parseHex(words[2])));
            case "version":
                return "ok " + CryptoManager.class.getPackage().getImplementationVersion();
            default:
                throw new IllegalArgumentException(words[0]);
        }
    }

    private static ASN1Value value(OBJECT_IDENTIFIER type, String[] words) throws Exception {
        switch (words[3]) {
            case "octets":
                return new OCTET_STRING(words.length > 4 ? HEX.parseHex(words[4]) : new byte[0]);
            case "number":
                return new INTEGER(words[4]);
            case "text":
                return new UTF8String(new String(HEX.parseHex(words[4]), StandardCharsets.UTF_8));
            case "witness":
                AlgorithmIdentifier hash = new AlgorithmIdentifier(SHA256);
                AlgorithmIdentifier mac = new AlgorithmIdentifier(HMAC_SHA256);
                OCTET_STRING witness = new OCTET_STRING(HEX.parseHex(words[4]));
                return type.equals(OBJECT_IDENTIFIER.id_cmc_identityProofV2)
                        ? new IdentityProofV2(hash, mac, witness)
                        : new PopLinkWitnessV2(hash, mac, witness);
            case "revocation":
                OCTET_STRING passphrase = words.length > 7 ? new OCTET_STRING(HEX.parseHex(words[7])) : null;
                ENUMERATED reason = new ENUMERATED(Integer.parseInt(words[6]));
                return new RevokeRequest(any(words[4]), new INTEGER(words[5]), reason, passphrase, null);
            case "certificate":
                INTEGER serial = new INTEGER(words[5]);
                if (type.equals(OBJECT_IDENTIFIER.id_cmc_getCert)) {
                    return new GetCert(any(words[4]), serial);
                }
                SEQUENCE names = new SEQUENCE();
                names.addElement(any(words[4]));
                return new CMCCertId(names, serial, null);
            case "parts":
                SEQUENCE ids = new SEQUENCE();
                for (String one : Arrays.asList(words).subList(5, words.length)) {
                    ids.addElement(new INTEGER(one));
                }
                return new LraPopWitness(new INTEGER(words[4]), ids);
            case "der":
                return any(words[4]);
            default:
                throw new IllegalArgumentException("JSS has no " + words[3]);
        }
    }

    private static byte[] sign(String nickname, byte[] content) throws Exception {
        CryptoManager manager = CryptoManager.getInstance();
        X509Certificate signer = manager.findCertByNickname(nickname);
        PrivateKey key = manager.findPrivKeyByCert(signer);
        Certificate certificate = (Certificate) ASN1Util.decode(Certificate.getTemplate(), signer.getEncoded());
        IssuerAndSerialNumber issuerAndSerial =
                new IssuerAndSerialNumber(certificate.getInfo().getIssuer(), certificate.getInfo().getSerialNumber());
        SignatureAlgorithm algorithm = key.getType() == PrivateKey.RSA
                ? SignatureAlgorithm.RSASignatureWithSHA256Digest
                : SignatureAlgorithm.ECSignatureWithSHA256Digest;
        SignerInfo info = new SignerInfo(
                SignerIdentifier.createIssuerAndSerialNumber(issuerAndSerial),
                null,
                null,
                PKI_DATA,
                MessageDigest.getInstance("SHA-256").digest(content),
                algorithm,
                key);
        SET digests = new SET();
        digests.addElement(new AlgorithmIdentifier(DigestAlgorithm.SHA256.toOID()));
        SET certificates = new SET();
        certificates.addElement(certificate);
        SET infos = new SET();
        infos.addElement(info);
        EncapsulatedContentInfo encapsulated = new EncapsulatedContentInfo(PKI_DATA, new OCTET_STRING(content));
        return ASN1Util.encode(new ContentInfo(new SignedData(digests, encapsulated, certificates, null, infos)));
    }

    private static ANY any(String hex) throws Exception {
        return new ANY(HEX.parseHex(hex));
    }

    private static ASN1Value decoded(ASN1Template template, String hex) throws Exception {
        return template.decode(new ByteArrayInputStream(HEX.parseHex(hex)));
    }
}
