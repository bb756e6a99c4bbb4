-- A deck from its list of talks and tasks (book/slides.py): the slides of each talk, from the
-- files of book/slides/, with the fragments that they show, and each task as a slide.

local MOST = 12  -- lines of code or of output on a slide

-- Keep the lines that a slide asks for ("2-9"); stop where they are too many for a projector.
local function cut(block, slide, language)
  local lines = {}
  for line in (block.text .. "\n"):gmatch("(.-)\n") do table.insert(lines, line) end
  local from, to = (slide[language] or ""):match("(%d+)-(%d+)")
  from, to = tonumber(from or 1), tonumber(to or #lines)
  slide.left[language] = (slide.left[language] or MOST) - (to - from + 1)
  if to > #lines or slide.left[language] < 0 then
    error(("lines %d to %d of %d, and a slide has %d:\n%s"):format(from, to, #lines, MOST, block.text))
  end
  -- Code may be indented by a function that the slide leaves out; output has no class.
  local indent = block.classes[1] and lines[from]:match("^ *") or ""
  block.text = ("\n" .. table.concat(lines, "\n", from, to)):gsub("\n" .. indent, "\n"):sub(2)
  return block
end

-- Return tabs as boxes, one for each language, with what `shown` says: code, output or figure.
local function panes(tabs, shown, slide)
  local found, language = pandoc.List(), nil
  for _, block in ipairs(tabs.content) do
    if block.t == "Header" then
      language = pandoc.utils.stringify(block):lower()
      found:insert(pandoc.Div({}, { class = "pane", ["data-language"] = language }))
    elseif block.t == "CodeBlock" and shown ~= "output" then
      found[#found].content:insert(cut(block, slide, language))
    elseif block.t == "Div" and shown ~= "code" then
      found[#found].content:insert(cut(block.content[1], slide, language))
    elseif block.t == "Para" then
      found[#found].content:insert(block)
    end
  end
  return found
end

-- Return a task as a slide: what to do, and in the notes what the helpers need.
local function task(div)
  local notes, slide = pandoc.Div({}, { class = "notes" }), pandoc.List()
  for _, block in ipairs(div.content) do
    local first = block.t == "Para" and block.content[1] or {}
    if block.t == "Header" then
      block.level = 2
      block.attr = pandoc.Attr("", { "task" }, { ["data-timing"] = 60 * div.attributes.minutes })
      for _ = 1, 4 do block.content:remove() end  -- " (6 minutes)", which the badge says
      block.content:insert(1, pandoc.Span("Task", { class = "kind" }))
      block.content:insert(pandoc.Span(div.attributes.minutes .. " min", { class = "minutes" }))
    end
    if first.t == "Strong" or #notes.content > 0 then
      notes.content:insert(block)
    else
      slide:insert(block)
    end
  end
  slide:insert(notes)
  return slide
end

-- Return copies of a drawing, one for each piece: steps="30 60" shows three columns one by one.
local function steps(image)
  local across, down = image.attributes.steps, image.attributes.rows
  image.attributes.steps, image.attributes.rows = nil, nil
  if not (across or down) then return image end
  local all, from = pandoc.List(), 0
  for to in ((across or down) .. " 100"):gmatch("%d+") do
    to = tonumber(to)
    local one = image:clone()
    one.attributes.style = across and ("clip-path: inset(0 %d%% 0 %d%%)"):format(100 - to, from)
      or ("clip-path: inset(%d%% 0 %d%% 0)"):format(from, 100 - to)
    if from > 0 then
      one.caption, one.classes = {}, { "fragment" }
      one.attributes["aria-hidden"] = "true"
    end
    all:insert(one)
    from = to
  end
  return pandoc.Span(all, { class = "steps" })
end

-- Read a file of the book; pandoc is called in the project's folder.
local function read(path)
  local file = io.open(path)
  if not file then error(path .. " is not there: no exercise or list makes it") end
  local text = file:read("a")
  file:close()
  return text
end

-- The alt text of each drawing, as the chapter that shows it states it.
local described = {}
for _, name in ipairs(pandoc.system.list_directory("book")) do
  for file, alt in (name:match("%.qmd$") and read("book/" .. name) or "")
      :gmatch('%(images/([%w_]+%.svg)%){[^}\n]-fig%-alt="([^"\n]*)"') do
    described[file] = alt
  end
end

local function picture(image)
  image.caption = image.attributes["fig-alt"] or described[image.src:match("[^/]*$")]
  image.attributes["fig-alt"] = nil
  image.src = image.src:gsub("^/", "../../")
  return steps(image)
end

-- Return the slides of a talk, which share its minutes.
local function talk(div)
  local file, wanted, found = div.attributes.show, div.attributes.slides, {}
  local slides, seconds = pandoc.List(), 60 * div.attributes.minutes
  for _, block in ipairs(pandoc.read(read("book/slides/" .. file .. ".qmd"), "markdown").blocks) do
    local name = pandoc.utils.stringify(block):match("^{{< fragment (%S+) >}}$")
    if block.t == "Header" then
      slides = pandoc.List()
      found[block.identifier] = slides
      block.attributes["data-timing"] = seconds // select(2, wanted:gsub("%S+", ""))
      block.identifier = file .. "-" .. block.identifier
    end
    local file = name and "book/_fragments/" .. name .. ".qmd"
    slides:extend(file and pandoc.read(read(file), "markdown").blocks or { block })
  end
  local all = pandoc.List()
  for name in wanted:gmatch("%S+") do
    all:extend(found[name] or error(file .. ".qmd has no slide " .. name))
  end
  return all
end

function Pandoc(doc)
  local shown, slide
  local function twins(div)
    if div.classes:includes("panel-tabset") then return panes(div, shown, slide) end
    if not div.classes:includes("twins") or not shown then return end
    if (div.identifier ~= "") ~= (shown == "figure") then return {} end
  end
  local all = pandoc.Blocks({})
  for _, step in ipairs(doc.blocks) do
    local kind = step.classes:includes("talk") and talk or task
    for _, block in ipairs(kind(step)) do
      if block.t == "Header" then
        shown = block.classes:find_if(function(one) return one:match("^show%-") end)
        shown = shown and shown:match("%w+$")
        slide = { python = block.attributes.python, r = block.attributes.r, left = {} }
        block.attributes.python, block.attributes.r = nil, nil
      end
      all:extend(pandoc.Blocks({ block }):walk({ traverse = "topdown", Div = twins }))
    end
  end
  doc.blocks = all:walk({ Image = picture })
  return doc
end
