// A program on npm's acme-client: does the one step that its argument, a JSON object, names, and keeps the account in
// the folder it runs in. Run by acme_client.py beside this folder.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import tls from "node:tls";

import acme from "acme-client";

const step = JSON.parse(process.argv[2]);
const ACCOUNT = "account.json";

function connect(account) {
    return new acme.Client({
        directoryUrl: step.directory,
        accountKey: account.key,
        accountUrl: account.url,
        externalAccountBinding: step.binding,
        backoffAttempts: 60,
        backoffMin: 200,
        backoffMax: 1000,
    });
}

function save(key, url) {
    writeFileSync(ACCOUNT, JSON.stringify({ key: key.toString(), url }));
}

async function register() {
    const key = await acme.crypto.createPrivateKey();
    const client = connect({ key });
    await client.createAccount({ termsOfServiceAgreed: true, contact: ["mailto:node@conformance.test"] });
    save(key, client.getAccountUrl());
    return client;
}

const known = () => connect(JSON.parse(readFileSync(ACCOUNT)));

async function setTxt(name, value) {
    const command = value === undefined ? "clear-txt" : "set-txt";
    await fetch(`${step.dnsCommands}/${command}`, { method: "POST", body: JSON.stringify({ host: `${name}.`, value }) });
}

const listening = (server, port) => new Promise((done) => server.listen(port, "127.0.0.1", done));

// Each way to answer challenges: add(authorization, challenge, key authorization) for each, and end() when all are done.
async function answering(method) {
    const texts = {};
    const contexts = {};
    const files = [];
    switch (method) {
        case "http-01 standalone": {
            const server = http.createServer((request, answer) => answer.end(texts[request.url]));
            await listening(server, step.httpPort);
            return {
                type: "http-01",
                add: (_, challenge, value) => { texts[`/.well-known/acme-challenge/${challenge.token}`] = value; },
                end: () => server.close(),
            };
        }
        case "http-01 webroot":
            mkdirSync(step.webroot, { recursive: true });
            return {
                type: "http-01",
                add: (_, challenge, value) => {
                    files.push(`${step.webroot}/${challenge.token}`);
                    writeFileSync(files.at(-1), value);
                },
                end: () => files.forEach((file) => rmSync(file)),
            };
        case "dns-01": {
            const names = [];
            return {
                type: "dns-01",
                add: async (authorization, _, value) => {
                    names.push(`_acme-challenge.${authorization.identifier.value}`);
                    await setTxt(names.at(-1), value);
                },
                end: () => Promise.all(names.map((name) => setTxt(name))),
            };
        }
        default: {
            const server = tls.createServer({
                ALPNProtocols: ["acme-tls/1"],
                SNICallback: (name, done) => done(null, contexts[name]),
            });
            server.on("tlsClientError", () => {});
            await listening(server, step.tlsAlpnPort);
            return {
                type: "tls-alpn-01",
                add: async (authorization, _, value) => {
                    const [key, cert] = await acme.crypto.createAlpnCertificate(authorization, value);
                    contexts[authorization.identifier.value] = tls.createSecureContext({ key, cert });
                },
                end: () => server.close(),
            };
        }
    }
}

async function makeCsr() {
    if (step.csr) return readFileSync(step.csr);
    const key = step.keyType === "RSA"
        ? await acme.crypto.createPrivateRsaKey()
        : await acme.crypto.createPrivateEcdsaKey();
    writeFileSync("certificate.key", key);
    const [, csr] = await acme.crypto.createCsr({ altNames: step.identifiers.map(({ value }) => value) }, key);
    return csr;
}

async function obtain() {
    const client = existsSync(ACCOUNT) ? known() : await register();
    const csr = await makeCsr();
    const order = await client.createOrder({ identifiers: step.identifiers });
    const answers = await answering(step.method);
    try {
        for (const authorization of await client.getAuthorizations(order)) {
            const challenge = authorization.challenges.find(({ type }) => type === answers.type);
            await answers.add(authorization, challenge, await client.getChallengeKeyAuthorization(challenge));
            await client.completeChallenge(challenge);
            await client.waitForValidStatus(challenge);
        }
    } finally {
        await answers.end();
    }
    const finalized = await client.finalizeOrder(order, csr);
    writeFileSync("chain.pem", await client.getCertificate(finalized));
}

async function changeKey() {
    const client = known();
    const key = await acme.crypto.createPrivateKey();
    await client.updateAccountKey(key);
    save(key, client.getAccountUrl());
}

const STEPS = {
    register,
    obtain,
    changeKey,
    updateContact: () => known().updateAccount({ contact: [`mailto:${step.email}`] }),
    revoke: () => known().revokeCertificate(readFileSync(step.certificate)),
    deactivate: () => known().updateAccount({ status: "deactivated" }),
};

try {
    await STEPS[step.name]();
} catch (error) {
    console.error(error.message);
    process.exitCode = 1;
}
