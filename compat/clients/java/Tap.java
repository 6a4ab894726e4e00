import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URL;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Tells stories as TAP, and what stories are made of: names, comparisons, waiting, a restart, a process to kill.
 *
 * A story passes when it returns, is skipped when it throws Skip, and fails with anything else.
 */
final class Tap {
    static final String BOOTSTRAP = env("COMPAT_BOOTSTRAP", "127.0.0.1:9092");
    static final String CONTROL = env("COMPAT_CONTROL", "");
    static final int STORY_TIMEOUT_S = 60;
    static final int WAIT_S = 20;

    interface Story {
        void tell() throws Throwable;
    }

    /** This client, or this run, cannot tell the story; the message says why. */
    static final class Skip extends RuntimeException {
        Skip(String reason) {
            super(reason);
        }
    }

    static void tellAll(Map<String, Story> stories) {
        List<String> only = new ArrayList<>(Arrays.asList(env("COMPAT_ONLY", "").split(",")));
        only.remove("");
        List<String> names = new ArrayList<>(stories.keySet());
        names.removeIf(name -> !only.isEmpty() && !only.contains(name));
        System.out.println("1.." + names.size());
        for (int i = 0; i < names.size(); i++)
            tell(i + 1, names.get(i), stories.get(names.get(i)));
    }

    /** Each story has a thread of its own: one that hangs is a failure, and the next is still told. */
    private static void tell(int number, String name, Story story) {
        CompletableFuture<Void> outcome = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                story.tell();
                outcome.complete(null);
            } catch (Throwable failure) {
                outcome.completeExceptionally(failure);
            }
        });
        thread.setDaemon(true);
        thread.start();
        String line = number + " - " + name;
        try {
            outcome.get(STORY_TIMEOUT_S, TimeUnit.SECONDS);
            System.out.println("ok " + line);
        } catch (ExecutionException failed) {
            Throwable failure = failed.getCause();
            if (failure instanceof Skip)
                System.out.println("ok " + line + " # SKIP " + failure.getMessage());
            else
                complain(line, failure.toString(), failure.getStackTrace());
        } catch (TimeoutException | InterruptedException late) {
            complain(line, "still running after " + STORY_TIMEOUT_S + " s", thread.getStackTrace());
        }
        System.out.flush();
    }

    /** What went wrong, and where in the story: the frames of these programs, which have no package. */
    private static void complain(String line, String what, StackTraceElement[] stack) {
        System.out.println("not ok " + line);
        for (StackTraceElement frame : stack)
            if (!frame.getClassName().contains("."))
                System.out.println("# " + frame);
        System.out.println("# " + what.replace("\n", "\n# "));
    }

    // ------------------------------------------------------------------------------ a story's vocabulary

    /** A name that no other run uses. */
    static String unique(String prefix) {
        return prefix + "-" + UUID.randomUUID().toString().substring(24);
    }

    static void equal(Object found, Object wanted) {
        if (!Objects.deepEquals(found, wanted))
            throw new AssertionError("found " + show(found) + ", wanted " + show(wanted));
    }

    static void require(boolean holds, String what) {
        if (!holds)
            throw new AssertionError(what);
    }

    private static String show(Object value) {
        String text = value instanceof byte[] ? Arrays.toString((byte[]) value) : String.valueOf(value);
        return text.length() > 300 ? text.substring(0, 300) + "…" : text;
    }

    static void waitUntil(String what, Callable<Boolean> condition) throws Exception {
        waitUntil(what, WAIT_S, condition);
    }

    static void waitUntil(String what, int timeoutS, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(timeoutS);
        while (!condition.call()) {
            require(System.nanoTime() < deadline, "waited " + timeoutS + " s for " + what);
            Thread.sleep(20);
        }
    }

    /** The failure inside of what futures and reflection wrap around it; complains when there is none. */
    static Throwable failure(Story attempt) {
        try {
            attempt.tell();
        } catch (Throwable failure) {
            return failure instanceof ExecutionException ? failure.getCause() : failure;
        }
        throw new AssertionError("was not refused");
    }

    static void refusedWith(String exception, Story attempt) {
        equal(failure(attempt).getClass().getSimpleName(), exception);
    }

    static void requireControl() {
        if (CONTROL.isEmpty())
            throw new Skip("the broker is not ours to restart");
    }

    /** Has the runner stop the broker and start it again on the same port and data. */
    static void restartBroker() throws Exception {
        requireControl();
        HttpURLConnection call = (HttpURLConnection) new URL(CONTROL + "/restart").openConnection(Proxy.NO_PROXY);
        call.setRequestMethod("POST");
        call.setReadTimeout(90_000);
        equal(call.getResponseCode(), 200);
    }

    /** A role of this program in a process of its own, to be killed without a farewell. */
    static final class Child implements AutoCloseable {
        final List<String> lines = new CopyOnWriteArrayList<>();
        private final Process process;

        Child(String role, String... arguments) throws Exception {
            List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElse("java"), "-Xmx128m", "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"), "Program", "--role", role));
            command.addAll(Arrays.asList(arguments));
            process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            Thread reader = new Thread(() -> new BufferedReader(new InputStreamReader(process.getInputStream()))
                .lines().forEach(lines::add));
            reader.setDaemon(true);
            reader.start();
        }

        void waitFor(String line) throws Exception {
            waitUntil(line + " among " + lines, () -> lines.contains(line));
        }

        /** SIGKILL, as a power cut would. */
        void kill() throws InterruptedException {
            process.destroyForcibly().waitFor();
        }

        @Override
        public void close() throws InterruptedException {
            kill();
        }
    }

    private static String env(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}
