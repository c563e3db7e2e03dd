/** A trickle of what people do besides pushing code: projects, members, plans. Sequential, so that each command finds what the one before made. */
import { textField } from './api-client.ts';
import type { ApiRequest, CallApi } from './api-client.ts';
import { seededRandom } from './random.ts';
import { json } from './tenants.ts';
import type { SampleTenant } from './tenants.ts';

export interface CommandReport {
  sent: number;
  accepted: number;
  /** Answered with a 4xx: a plan that is exhausted, for example. */
  refused: number;
  retries: number;
}

export interface CommandTrickle {
  /** Sends the next command, for one tenant after the other. */
  readonly next: () => Promise<void>;
  readonly report: () => Readonly<CommandReport>;
}

interface Script {
  projectId?: string;
  memberId?: string;
  step: number;
}

/** One step of a tenant's script; it begins again after the last. */
const STEPS = [
  'create',
  'rename',
  'invite',
  'promote',
  'plan',
  'rename',
  'plan',
  'remove',
  'archive',
] as const;

export function commandTrickle(options: {
  readonly call: CallApi;
  readonly tenants: readonly SampleTenant[];
  readonly operator: string;
  readonly seed: number;
}): CommandTrickle {
  const random = seededRandom(options.seed);
  const scripts = options.tenants.map((): Script => ({ step: 0 }));
  const report: CommandReport = { sent: 0, accepted: 0, refused: 0, retries: 0 };
  let turn = 0;

  const send = async (request: ApiRequest): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await options.call(request);
    report.sent += 1;
    report.retries += answer.retries;
    if (answer.status < 300) report.accepted += 1;
    else report.refused += 1;
    return answer.body ?? {};
  };

  return {
    report: () => ({ ...report }),
    next: async () => {
      const index = turn % scripts.length;
      turn += 1;
      const script = scripts[index]!;
      const { tenantId, authorization } = options.tenants[index]!;
      const step = STEPS[script.step % STEPS.length]!;
      script.step += 1;
      const project = `/projects/${script.projectId ?? 'none'}`;
      const member = `/members/${script.memberId ?? 'none'}`;
      switch (step) {
        case 'create': {
          const made = await send(
            json('POST', '/projects', authorization, { name: `Move ${random.whole(1e6)}` }),
          );
          script.projectId = textField(made, 'projectId', 'none');
          return;
        }
        case 'rename':
          await send(json('PATCH', project, authorization, { name: `Move ${random.whole(1e6)}` }));
          return;
        case 'invite': {
          const email = `member-${random.whole(1e9)}@example.com`;
          const made = await send(json('POST', '/members', authorization, { email, role: 'editor' }));
          script.memberId = textField(made, 'memberId', 'none');
          return;
        }
        case 'promote':
          await send(json('PUT', `${member}/role`, authorization, { role: 'admin' }));
          return;
        case 'plan': {
          const plan = random.whole(2) === 0 ? 'team' : 'premium';
          await send(json('PUT', `/tenants/${tenantId}/plan`, options.operator, { plan }));
          return;
        }
        case 'remove':
          await send(json('DELETE', member, authorization));
          return;
        case 'archive':
          await send(json('DELETE', project, authorization));
          return;
      }
    },
  };
}
