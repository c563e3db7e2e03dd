/** The HTTP routes of control-plane. Only an operator, proven by the token, may name a tenant in the path (D18). */
import * as z from 'zod/mini';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { Plan, SuspensionReason } from '../../../catalog/index.ts';
import { EmailAddress, Name } from '../../http/fields.ts';
import type { Route } from '../../http/http-handler.ts';
import { callerOf, commandBody, pathParameter } from '../../http/request.ts';
import type { Role } from '../../http/request.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { changePlan, readTenant, reactivateTenant, registerTenant, suspendTenant } from './tenants.ts';

const OPERATOR: readonly Role[] = ['operator'];

const TenantBody = z.object({
  tenantId: z.optional(
    z.string().check(z.regex(/^[a-z][a-z0-9-]{2,39}$/, 'must be 3 to 40 of a-z, 0-9 and -')),
  ),
  name: Name,
  plan: Plan,
  contactEmail: EmailAddress,
});
const PlanBody = z.object({ plan: Plan });
const SuspensionBody = z.object({ reason: SuspensionReason });

export function controlPlaneRoutes(core: () => Promise<Service>): Readonly<Record<string, Route>> {
  return {
    'POST /tenants': async (event) => {
      callerOf(event, OPERATOR);
      const command = await commandBody(event, TenantBody);
      return { status: 201, body: await registerTenant(await core(), command) };
    },
    'GET /tenants/{tenantId}': async (event) => ({
      status: 200,
      body: await readTenant(await core(), tenantOf(event)),
    }),
    'PUT /tenants/{tenantId}/plan': async (event) => {
      const tenantId = tenantOf(event);
      await changePlan(await core(), tenantId, await commandBody(event, PlanBody));
      return { status: 204 };
    },
    'PUT /tenants/{tenantId}/suspension': async (event) => {
      const tenantId = tenantOf(event);
      await suspendTenant(await core(), tenantId, await commandBody(event, SuspensionBody));
      return { status: 204 };
    },
    'DELETE /tenants/{tenantId}/suspension': async (event) => {
      await reactivateTenant(await core(), tenantOf(event));
      return { status: 204 };
    },
  };
}

/** The tenant an operator names in the path. */
function tenantOf(event: APIGatewayProxyEventV2): string {
  callerOf(event, OPERATOR);
  return pathParameter(event, 'tenantId');
}
