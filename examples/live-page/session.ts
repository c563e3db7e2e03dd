/** Where the APIs are and who the user is: from `config.json`, read again when the session has ended. */
import { ProblemError } from '../../browser/index.ts';

export interface Config {
  /** @default - no jobs */
  readonly jobsUrl?: string;
  /** @default - no generations */
  readonly generationUrl?: string;
  /** @default - no feedback */
  readonly feedbackUrl?: string;
  /** Where the states of the agents are. @default - no feedback */
  readonly agentsUrl?: string;
  /** A bearer token. */
  readonly token: string;
}

export interface Session {
  readonly config: Config;
  /** The tenant and the user, as the token says: for display and for the place of the cursor, never a proof. */
  readonly user: string;
  readonly token: () => string;
  /** Rejects with status 401 when there is no other token. */
  readonly renew: () => Promise<void>;
}

export async function openSession(): Promise<Session> {
  const config = await readConfig();
  let { token } = config;
  return {
    config,
    user: userOf(token),
    token: () => token,
    renew: async () => {
      const next = (await readConfig()).token;
      if (next === token) throw new ProblemError(401, { title: 'The session has ended' });
      token = next;
    },
  };
}

async function readConfig(): Promise<Config> {
  const response = await fetch('./config.json', { cache: 'no-store' });
  if (!response.ok) throw new Error(`the page's settings can not be read (status ${response.status})`);
  return (await response.json()) as Config;
}

function userOf(token: string): string {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const { tenantId, sub } = JSON.parse(atob(payload)) as Readonly<Record<string, unknown>>;
    return `${String(tenantId)} / ${String(sub)}`;
  } catch {
    return 'unknown user';
  }
}
