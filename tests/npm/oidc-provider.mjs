// A real OpenID provider on loopback for tests: every login name is somebody, and its claims follow from the name.
// Arguments: port, redirect URI, where to go after signing out. Prints "ready" once it listens.
import Provider from "oidc-provider";

const [port, back, after] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "comity",
      client_secret: "a secret of the test",
      redirect_uris: [back],
      post_logout_redirect_uris: [after],
      backchannel_logout_uri: `${after}api/v1/sign-in/provider/logout`,
      backchannel_logout_session_required: true,
      response_types: ["code"],
      grant_types: ["authorization_code"],
    },
  ],
  cookies: { keys: ["test"] },
  pkce: { required: () => true },
  claims: { openid: ["sub"], profile: ["groups"], email: ["email", "email_verified"] },
  features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true }, backchannelLogout: { enabled: true } },
  // without the dispatcher that keeps it from calling loopback, where the host under test is
  fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
  async findAccount(_context, id) {
    return {
      accountId: id,
      claims: async () => ({
        sub: id,
        email: id.replace(/^un/, "") + "@example.org",
        email_verified: !id.startsWith("un"),
        groups: id.startsWith("boss") ? ["comity-coordinators", "others"] : ["others"],
      }),
    };
  },
});

provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
