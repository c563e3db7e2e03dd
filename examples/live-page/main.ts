/** The page: jobs, images and feedback of one user, live. Everything it knows of the system is in `config.json`. */
import { startAgentsPanel } from './agents-panel.ts';
import { find, write } from './dom.ts';
import { startGenerationsPanel } from './generations-panel.ts';
import { startJobsPanel } from './jobs-panel.ts';
import { problemText } from './problem-text.ts';
import { openSession } from './session.ts';
import { followTheme } from './theme.ts';

followTheme();
const loading = find(document, '#loading');
const failure = find(document, '#failure');
find(failure, 'button').addEventListener('click', () => void start());
await start();

async function start(): Promise<void> {
  loading.hidden = false;
  failure.hidden = true;
  try {
    const session = await openSession();
    const { jobsUrl, generationUrl, feedbackUrl, agentsUrl } = session.config;
    write(find(document, '#who'), session.user);
    if (jobsUrl !== undefined) startJobsPanel(jobsUrl, session);
    if (generationUrl !== undefined) startGenerationsPanel(generationUrl, session);
    if (feedbackUrl !== undefined && agentsUrl !== undefined) {
      startAgentsPanel(feedbackUrl, agentsUrl, session);
    }
    if ([jobsUrl, generationUrl, feedbackUrl].every((url) => url === undefined)) {
      throw new Error('No API is configured.');
    }
  } catch (error) {
    write(find(failure, 'p'), `The page could not be started: ${problemText(error)}`);
    failure.hidden = false;
  } finally {
    loading.hidden = true;
  }
}
