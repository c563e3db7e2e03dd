/** Who calls. A stand-in for the authentication that your application has already. */
import { Injectable, UnauthorizedException } from '@nestjs/common';
import type { PushSession } from 'waybill/nestjs';

/** Milliseconds. */
const SESSION = 3_600_000;

@Injectable()
export class Sessions {
  /** Bearer tokens that are known, each with its user: `token=tenant/user`, separated by commas. */
  readonly #users = new Map(
    (process.env['DEMO_SESSIONS'] ?? '')
      .split(',')
      .filter((entry) => entry.includes('='))
      .map((entry) => {
        const [token = '', user = ''] = entry.split('=');
        const [tenantId = '', userId = ''] = user.split('/');
        return [token, { tenantId, userId }] as const;
      }),
  );

  of(authorization: string | undefined): PushSession {
    const user = this.#users.get(authorization?.replace(/^Bearer /, '') ?? '');
    if (user === undefined) throw new UnauthorizedException();
    return { ...user, expiresAt: Date.now() + SESSION };
  }
}
