// A real identity provider with its own page to sign in at. It prints its address, and begins once it has read the address
// to which its client has people sent back.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import Provider from 'oidc-provider';

const PEOPLE = {
  dana: { email: 'dana@northlight.example', email_verified: true, groups: ['staff', 'sales'] },
  lee: { email: 'lee@northlight.example', email_verified: true, groups: ['staff'] },
  // Anybody may write such an address into their profile.
  eve: { email: 'margaret@northlight.example', email_verified: false, groups: [] },
};

let serve;
const ready = new Promise((resolve) => (serve = resolve));
const server = createServer(async (request, response) => (await ready)(request, response));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;
console.log(issuer);

const [redirect] = await once(createInterface({ input: process.stdin }), 'line');
const provider = new Provider(issuer, {
  clients: [{ client_id: 'oncehub-mcp', client_secret: process.env.CLIENT_SECRET, redirect_uris: [redirect] }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
  scopes: ['openid', 'email', 'groups'],
  pkce: { required: () => true },
  cookies: { keys: ['of the tests'] },
  findAccount: (_, id) => PEOPLE[id] && { accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) },
});
serve(provider.callback());
