// A provider of OpenID Connect that nobody here wrote (oidc-provider): the judge of our client. It signs in the one person
// that there is without a page, and prints its address when it is ready.
//   node provider.mjs CLIENT_ID CLIENT_SECRET REDIRECT_URI

import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

// Nobody reads what it says besides.
console.info = () => {};
const [client, secret, redirect] = process.argv.slice(2);
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: client,
        client_secret: secret,
        redirect_uris: [redirect],
        token_endpoint_auth_method: 'client_secret_post',
        grant_types: ['authorization_code'],
      },
    ],
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: 'olga@bikes.example' }) }),
    claims: { openid: ['sub'], email: ['email'] },
  });
  // Whatever it wants to know of the person is answered at once.
  const answer = async (req, res) => {
    const { prompt, params, session } = await provider.interactionDetails(req, res);
    if (prompt.name === 'login') {
      return provider.interactionFinished(req, res, { login: { accountId: 'olga' } }, { mergeWithLastSubmission: false });
    }
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
  };
  const rest = provider.callback();
  server.on('request', (req, res) => {
    if (req.url.startsWith('/interaction/')) {
      answer(req, res).catch((e) => {
        res.statusCode = 500;
        res.end(String(e));
      });
    } else {
      rest(req, res);
    }
  });
  process.stdout.write(`${issuer}\n`);
});
