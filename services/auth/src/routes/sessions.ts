import { type Handlers, ProblemError } from "@countinghouse/service-kit";
import type { RouteDeps } from "../app.ts";
import { changeSessions, endSession, type SessionRow, selectSessions } from "../sessions.ts";

/** The caller's sessions. */
export function sessionRoutes({ db, feed, pages }: RouteDeps) {
  return {
    async listSessions({ principal: { userId, sessionId }, query }) {
      const list = `sessions of ${userId}`;
      const place = pages.place(list, query);
      const rows = await selectSessions(db, userId, place);
      return {
        status: 200,
        body: pages.cut(list, place, rows, (row) => showSession(row, row.id === sessionId)),
      };
    },

    async revokeSession({ principal: { userId }, params: { sessionId } }) {
      const ended = await changeSessions(db, feed, async (transaction) => {
        const sessions = await endSession(transaction, userId, sessionId);
        return { value: sessions, sessions };
      });
      if (ended.length === 0) throw new ProblemError("not_found");
      return { status: 204 };
    },
  } satisfies Partial<Handlers<"auth">>;
}

function showSession(row: SessionRow, current: boolean) {
  return {
    sessionId: row.id,
    createdAt: row.created_at.toISOString(),
    lastUsedAt: row.last_used_at.toISOString(),
    ...(row.user_agent !== null && { userAgent: row.user_agent }),
    current,
  };
}
