import java.io.BufferedReader;
import java.io.FileReader;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.StringJoiner;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.cmc.BodyPartID;
import org.bouncycastle.asn1.cmc.CMCFailInfo;
import org.bouncycastle.asn1.cmc.CMCObjectIdentifiers;
import org.bouncycastle.asn1.cmc.CMCStatusInfoV2;
import org.bouncycastle.asn1.cmc.CertificationRequest;
import org.bouncycastle.asn1.cmc.GetCRL;
import org.bouncycastle.asn1.cmc.GetCert;
import org.bouncycastle.asn1.cmc.IdentityProofV2;
import org.bouncycastle.asn1.cmc.LraPopWitness;
import org.bouncycastle.asn1.cmc.OtherMsg;
import org.bouncycastle.asn1.cmc.PKIData;
import org.bouncycastle.asn1.cmc.PKIResponse;
import org.bouncycastle.asn1.cmc.PopLinkWitnessV2;
import org.bouncycastle.asn1.cmc.RevokeRequest;
import org.bouncycastle.asn1.cmc.TaggedAttribute;
import org.bouncycastle.asn1.cmc.TaggedCertificationRequest;
import org.bouncycastle.asn1.cmc.TaggedContentInfo;
import org.bouncycastle.asn1.cmc.TaggedRequest;
import org.bouncycastle.asn1.cms.IssuerAndSerialNumber;
import org.bouncycastle.asn1.crmf.CertReqMsg;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/**
 * A CMC client on Bouncy Castle. It reads lines: the parts of a PKIData, then {@code encode}; or {@code sign}, {@code
 * read}, {@code version}. Each of these four is answered with one line, {@code ok ...} or {@code error ...}.
 */
public final class BouncyCastleClient {
    private static final HexFormat HEX = HexFormat.of();
    private static final ASN1ObjectIdentifier PKI_DATA = new ASN1ObjectIdentifier("1.3.6.1.5.5.7.12.2");

    private final List<TaggedAttribute> controls = new ArrayList<>();
    private final List<TaggedRequest> requests = new ArrayList<>();

    public static void main(String[] arguments) throws Exception {
        BouncyCastleClient client = new BouncyCastleClient();
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
                controls.clear();
                requests.clear();
                return "ok";
            case "control":
                controls.add(control(words));
                return "ok";
            case "pkcs10":
                CertificationRequest csr = CertificationRequest.getInstance(HEX.parseHex(words[2]));
                requests.add(new TaggedRequest(new TaggedCertificationRequest(id(words[1]), csr)));
                return "ok";
            case "crmf":
                requests.add(new TaggedRequest(CertReqMsg.getInstance(HEX.parseHex(words[1]))));
                return "ok";
            case "encode":
                PKIData data = new PKIData(
                        controls.toArray(new TaggedAttribute[0]),
                        requests.toArray(new TaggedRequest[0]),
                        new TaggedContentInfo[0],
                        new OtherMsg[0]);
                return "ok " + HEX.formatHex(data.getEncoded("DER"));
            case "sign":
                return "ok " + HEX.formatHex(sign(words[1], words[2], HEX.parseHex(words[3])));
            case "read":
                return "ok " + read(HEX.parseHex(words[1]));
            case "version":
                return "ok " + CMSSignedData.class.getPackage().getImplementationVersion();
            default:
                throw new IllegalArgumentException(words[0]);
        }
    }

    private static TaggedAttribute control(String[] words) throws Exception {
        ASN1ObjectIdentifier type = new ASN1ObjectIdentifier(words[2]);
        return new TaggedAttribute(id(words[1]), type, new DERSet(value(type, words)));
    }

    private static ASN1Encodable value(ASN1ObjectIdentifier type, String[] words) throws Exception {
        switch (words[3]) {
            case "octets":
                return new DEROctetString(words.length > 4 ? HEX.parseHex(words[4]) : new byte[0]);
            case "number":
                return new ASN1Integer(new BigInteger(words[4]));
            case "text":
                return new DERUTF8String(new String(HEX.parseHex(words[4]), StandardCharsets.UTF_8));
            case "witness":
                AlgorithmIdentifier hash = new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha256);
                AlgorithmIdentifier mac = new AlgorithmIdentifier(PKCSObjectIdentifiers.id_hmacWithSHA256);
                byte[] witness = HEX.parseHex(words[4]);
                return CMCObjectIdentifiers.id_cmc_identityProofV2.equals(type)
                        ? new IdentityProofV2(hash, mac, witness)
                        : new PopLinkWitnessV2(hash, mac, witness);
            case "revocation":
                return new RevokeRequest(
                        name(words[4]),
                        new ASN1Integer(new BigInteger(words[5])),
                        CRLReason.lookup(Integer.parseInt(words[6])),
                        null,
                        words.length > 7 ? new DEROctetString(HEX.parseHex(words[7])) : null,
                        null);
            case "certificate":
                BigInteger serial = new BigInteger(words[5]);
                return CMCObjectIdentifiers.id_cmc_getCert.equals(type)
                        ? new GetCert(new GeneralName(name(words[4])), serial)
                        : new IssuerAndSerialNumber(name(words[4]), serial);
            case "crl":
                return new GetCRL(name(words[4]), null, null, null);
            case "parts":
                ASN1EncodableVector ids = new ASN1EncodableVector();
                for (String one : Arrays.asList(words).subList(5, words.length)) {
                    ids.add(id(one));
                }
                return new LraPopWitness(id(words[4]), new DERSequence(ids));
            case "der":
                return ASN1Primitive.fromByteArray(HEX.parseHex(words[4]));
            default:
                throw new IllegalArgumentException(words[3]);
        }
    }

    private static byte[] sign(String certificateFile, String keyFile, byte[] content) throws Exception {
        X509CertificateHolder certificate = (X509CertificateHolder) pem(certificateFile);
        PrivateKey key = new JcaPEMKeyConverter().getPrivateKey((PrivateKeyInfo) pem(keyFile));
        String algorithm = key.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA";
        ContentSigner signer = new JcaContentSignerBuilder(algorithm).build(key);
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(
                new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().build())
                        .build(signer, certificate));
        generator.addCertificates(new JcaCertStore(List.of(certificate)));
        return generator.generate(new CMSProcessableByteArray(PKI_DATA, content), true).getEncoded();
    }

    /** Verifies every signer of a PKI Response; says its certificates, its CRLs, and each statusInfoV2. */
    private static String read(byte[] der) throws Exception {
        CMSSignedData signed = new CMSSignedData(der);
        for (SignerInformation signer : signed.getSignerInfos()) {
            X509CertificateHolder certificate =
                    (X509CertificateHolder) signed.getCertificates().getMatches(signer.getSID()).iterator().next();
            if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().build(certificate))) {
                throw new IllegalArgumentException("a signature does not verify");
            }
        }
        StringJoiner said = new StringJoiner(" ");
        said.add(Integer.toString(signed.getCertificates().getMatches(null).size()));
        said.add(Integer.toString(signed.getCRLs().getMatches(null).size()));
        if (signed.getSignerInfos().size() > 0) {
            PKIResponse response = PKIResponse.getInstance(signed.getSignedContent().getContent());
            for (ASN1Encodable element : response.getControlSequence()) {
                TaggedAttribute control = TaggedAttribute.getInstance(element);
                if (control.getAttrType().equals(CMCObjectIdentifiers.id_cmc_statusInfoV2)) {
                    said.add(status(CMCStatusInfoV2.getInstance(control.getAttrValues().getObjectAt(0))));
                }
            }
        }
        return said.toString();
    }

    private static String status(CMCStatusInfoV2 info) {
        StringJoiner ids = new StringJoiner(",");
        for (BodyPartID one : info.getBodyList()) {
            ids.add(Long.toString(one.getID()));
        }
        String failInfo = "-";
        if (info.hasOtherInfo() && info.getOtherStatusInfo().isFailInfo()) {
            failInfo = CMCFailInfo.getInstance(info.getOtherStatusInfo().toASN1Primitive()).toASN1Primitive().toString();
        }
        return ((ASN1Integer) info.getcMCStatus().toASN1Primitive()).getValue() + ":" + ids + ":" + failInfo;
    }

    private static Object pem(String file) throws Exception {
        try (PEMParser parser = new PEMParser(new FileReader(file, StandardCharsets.US_ASCII))) {
            return parser.readObject();
        }
    }

    private static X500Name name(String hex) {
        return X500Name.getInstance(ASN1Sequence.getInstance(HEX.parseHex(hex)));
    }

    private static BodyPartID id(String number) {
        return new BodyPartID(Long.parseLong(number));
    }
}
