/** The HTTP routes of core-api. The tenant is always the caller's own (D18). */
import * as z from 'zod/mini';
import { MemberRole } from '../../../catalog/index.ts';
import { EmailAddress, Name } from '../../http/fields.ts';
import type { Route } from '../../http/http-handler.ts';
import { Problem } from '../../http/problem.ts';
import { callerOf, commandBody, pathParameter } from '../../http/request.ts';
import type { Role } from '../../http/request.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { removeDeliveryUrl, setDeliveryUrl } from './delivery-url.ts';
import { changeMemberRole, inviteMember, removeMember } from './members.ts';
import { archiveProject, createProject, renameProject, search } from './projects.ts';

const ANYONE: readonly Role[] = ['member', 'admin'];
const ADMIN: readonly Role[] = ['admin'];

const URL_MAX_LENGTH = 2048;
const SEARCH_MAX_LENGTH = 200;

const ProjectBody = z.object({ name: Name });
const MemberBody = z.object({ email: EmailAddress, role: MemberRole });
const RoleBody = z.object({ role: MemberRole });
const UrlBody = z.object({ url: z.string().check(z.maxLength(URL_MAX_LENGTH)) });

export function coreApiRoutes(
  core: () => Promise<Service>,
  options: { readonly allowLoopback: boolean },
): Readonly<Record<string, Route>> {
  return {
    'POST /projects': async (event) => {
      const caller = callerOf(event, ANYONE);
      const command = await commandBody(event, ProjectBody);
      return { status: 201, body: await createProject(await core(), caller, command) };
    },
    'PATCH /projects/{projectId}': async (event) => {
      const caller = callerOf(event, ANYONE);
      const command = await commandBody(event, ProjectBody);
      await renameProject(await core(), caller, pathParameter(event, 'projectId'), command);
      return { status: 204 };
    },
    'DELETE /projects/{projectId}': async (event) => {
      await archiveProject(await core(), callerOf(event, ADMIN), pathParameter(event, 'projectId'));
      return { status: 204 };
    },
    'GET /search': async (event) => {
      const caller = callerOf(event, ANYONE);
      const words = event.queryStringParameters?.['q'] ?? '';
      if (words.trim() === '' || words.length > SEARCH_MAX_LENGTH) throw badSearch();
      return { status: 200, body: { results: await search(await core(), caller, words) } };
    },
    'POST /members': async (event) => {
      const caller = callerOf(event, ADMIN);
      const command = await commandBody(event, MemberBody);
      return { status: 201, body: await inviteMember(await core(), caller, command) };
    },
    'PUT /members/{memberId}/role': async (event) => {
      const caller = callerOf(event, ADMIN);
      const command = await commandBody(event, RoleBody);
      await changeMemberRole(await core(), caller, pathParameter(event, 'memberId'), command);
      return { status: 204 };
    },
    'DELETE /members/{memberId}': async (event) => {
      await removeMember(await core(), callerOf(event, ADMIN), pathParameter(event, 'memberId'));
      return { status: 204 };
    },
    'PUT /delivery-url': async (event) => {
      const caller = callerOf(event, ADMIN);
      const command = await commandBody(event, UrlBody);
      return { status: 200, body: await setDeliveryUrl(await core(), caller, command, options) };
    },
    'DELETE /delivery-url': async (event) => {
      await removeDeliveryUrl(await core(), callerOf(event, ADMIN));
      return { status: 204 };
    },
  };
}

function badSearch(): Problem {
  return new Problem({
    status: 400,
    code: 'WAYBILL_SEARCH_INVALID',
    title: 'The search is not valid',
    detail: `Give the words to look for as q, 1 to ${SEARCH_MAX_LENGTH} characters.`,
  });
}
